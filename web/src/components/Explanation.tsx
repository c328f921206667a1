import type { ReactNode } from "react";

interface ExplanationProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

/** What happened, in plain words, and the ways on as its children. */
export function Explanation({ icon, title, text, children }: ExplanationProps) {
  return (
    <section className="flex flex-col items-center gap-4 text-center">
      <span className="grid size-20 place-items-center rounded-full bg-accent-soft text-accent-text [&_svg]:size-9">
        {icon}
      </span>
      <h1 className="m-0 text-3xl font-semibold">{title}</h1>
      <p className="m-0 max-w-md text-lg text-muted">{text}</p>
      {children !== undefined && (
        <div className="mt-4 flex w-full flex-col items-center gap-3 sm:w-auto">{children}</div>
      )}
    </section>
  );
}
