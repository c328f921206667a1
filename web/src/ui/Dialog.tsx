/**
 * The platform's own modal dialog: it makes the rest of the page inert, traps and returns focus and
 * closes on Escape, without style elements that the content security policy would refuse.
 */
import { X } from "lucide-react";
import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { t } from "../locales/translate";
import { cx } from "./classNames";
import { IconButton } from "./IconButton";

const SHAPE = {
  /** A box in the middle. */
  box: "m-auto w-[min(30rem,calc(100vw-2rem))] max-h-[calc(100dvh-2rem)] rounded-card",
  wide: "m-auto w-[min(46rem,calc(100vw-2rem))] max-h-[calc(100dvh-2rem)] rounded-card",
  /** Comes from below, where a thumb is. */
  sheet: "mx-auto mt-auto mb-0 w-full max-w-xl max-h-[85dvh] rounded-t-card",
  /** The whole screen of a phone. */
  full: "m-0 h-dvh w-screen max-h-none max-w-none",
} as const;

interface DialogProps {
  readonly title: string;
  readonly shape?: keyof typeof SHAPE;
  readonly onClose: () => void;
  /** The content brings its own scrolling and spacing. */
  readonly bare?: boolean;
  readonly children: ReactNode;
}

/** Mounted means open. */
export function Dialog({ title, shape = "box", onClose, bare = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const titleId = useId();

  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null) return undefined;
    if (!element.open) element.showModal();
    // To what is to be filled in, or to the title; not to the first button, which closes it again.
    const field = element.querySelector<HTMLElement>("input:not([readonly], [type=search]), textarea");
    (field ?? heading.current)?.focus();
    // Closing, not only removing, is what gives the focus back.
    return () => element.close();
  }, []);

  return (
    // The platform closes on Escape; a click beside the box is for those who use a pointer.
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className={cx(
        "animate-fade-up flex-col overflow-hidden border border-line bg-surface p-0 shadow-raised open:flex",
        SHAPE[shape],
      )}
      onClose={() => {
        if (dialog.current?.open !== true) onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="flex items-center justify-between gap-4 py-3 pr-3 pl-5">
        <h2 ref={heading} id={titleId} tabIndex={-1} className="m-0 text-lg font-semibold outline-none">
          {title}
        </h2>
        <IconButton label={t("action.close")} onClick={onClose}>
          <X aria-hidden="true" size={20} />
        </IconButton>
      </div>
      {bare ? children : <div className="overflow-y-auto px-5 pb-5">{children}</div>}
    </dialog>
  );
}
