/** The part of Swagger UI's plugin interface that is used here. */
interface System {
  readonly React: {
    createElement(type: unknown, props: object | null, ...children: unknown[]): unknown;
    readonly Fragment: unknown;
  };
}

type Wrap = (Original: unknown, system: System) => (props: object) => unknown;

/** Puts a component into an element of the page's outline. */
function inside(element: string, attributes: object = {}): Wrap {
  return (Original, { React }) =>
    (props) =>
      React.createElement(element, attributes, React.createElement(Original, props));
}

/** Swagger UI goes from the first level of headings to the third; this is the one between. */
function under(heading: string): Wrap {
  return (Original, { React }) =>
    (props) =>
      React.createElement(
        React.Fragment,
        null,
        React.createElement("h2", { className: "outline-heading" }, heading),
        React.createElement(Original, props),
      );
}

/** Gives the viewer the landmarks and headings that a screen reader goes by. */
export function landmarks(): object {
  return {
    wrapComponents: {
      InfoContainer: inside("section", { "aria-label": "About" }),
      operations: under("Endpoints"),
    },
  };
}
