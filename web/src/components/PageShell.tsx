import type { ReactNode } from "react";
import { t } from "../locales/translate";
import { SiteHeader } from "./SiteHeader";

interface PageShellProps {
  /** `narrow` for a form or a message. */
  readonly width?: "narrow" | "wide";
  readonly footer?: ReactNode;
  readonly children: ReactNode;
}

const WIDTH = {
  narrow: "max-w-xl",
  wide: "max-w-6xl",
} as const;

export const MAIN_ID = "content";

export function PageShell({ width = "narrow", footer, children }: PageShellProps) {
  return (
    <div className="flex min-h-dvh flex-col overflow-x-clip bg-bg text-text">
      <a
        href={`#${MAIN_ID}`}
        className="absolute top-2 left-2 z-50 -translate-y-20 rounded-full bg-accent px-4 py-2 font-semibold text-on-accent focus:translate-y-0"
      >
        {t("app.skip")}
      </a>
      <SiteHeader />
      <main
        id={MAIN_ID}
        tabIndex={-1}
        className={`mx-auto flex w-full flex-1 flex-col justify-center px-4 pt-2 pb-10 outline-none sm:px-8 sm:pb-20 ${WIDTH[width]}`}
      >
        {children}
      </main>
      {footer !== undefined && (
        <footer className="mx-auto w-full max-w-6xl px-4 pb-5 sm:px-8">{footer}</footer>
      )}
    </div>
  );
}
