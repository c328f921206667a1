import { splitLinks } from "./links";

interface LinkifiedProps {
  readonly text: string;
}

/** Text with its addresses clickable; never markup. */
export function Linkified({ text }: LinkifiedProps) {
  return splitLinks(text).map((part) =>
    part.kind === "text" ? (
      part.text
    ) : (
      <a
        key={part.at}
        href={part.text}
        target="_blank"
        rel="noopener noreferrer"
        className="text-accent-text underline underline-offset-2"
      >
        {part.text}
      </a>
    ),
  );
}
