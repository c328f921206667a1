import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { PHONE, useMediaQuery } from "../hooks/useMediaQuery";
import { t } from "../locales/translate";
import { Dialog } from "../ui/Dialog";
import { IconButton } from "../ui/IconButton";

interface SidePanelProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Beside the pictures; on phones, over the whole screen. */
export function SidePanel({ title, onClose, children }: SidePanelProps) {
  const phone = useMediaQuery(PHONE);
  if (phone) {
    return (
      <Dialog title={title} shape="full" bare onClose={onClose}>
        {children}
      </Dialog>
    );
  }
  return (
    <Aside title={title} onClose={onClose}>
      {children}
    </Aside>
  );
}

function Aside({ title, onClose, children }: SidePanelProps) {
  const titleId = useId();
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    const before = document.activeElement;
    // The chat's field takes the focus itself.
    if (!(heading.current?.closest("aside")?.contains(before) ?? false)) heading.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape, from anything inside
    <aside
      aria-labelledby={titleId}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented && !isAbove(event.target)) onClose();
      }}
      className="flex h-full w-[22rem] shrink-0 animate-fade-up flex-col overflow-hidden rounded-card border border-line bg-surface"
    >
      <div className="flex items-center justify-between gap-4 py-2 pr-2 pl-5">
        <h2 ref={heading} id={titleId} tabIndex={-1} className="m-0 text-lg font-semibold outline-none">
          {title}
        </h2>
        <IconButton label={t("action.close")} onClick={onClose}>
          <X aria-hidden="true" size={20} />
        </IconButton>
      </div>
      {children}
    </aside>
  );
}

/** In a dialog or a popover over the panel, which the same key closes first. */
function isAbove(target: EventTarget): boolean {
  return target instanceof Element && target.closest("dialog, [popover]") !== null;
}
