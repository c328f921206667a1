/**
 * A button that opens a small panel, on the platform's popover: top layer, closes on Escape and on a
 * click elsewhere, and gives the focus back. Only the place is computed here.
 */
import { useEffect, useId, useRef, useState, type ReactNode, type ToggleEvent } from "react";
import { cx } from "./classNames";

const GAP_PX = 10;
const EDGE_PX = 8;

interface PopoverProps {
  readonly label: string;
  readonly trigger: ReactNode;
  readonly triggerClass: string;
  readonly triggerLabel?: string;
  readonly panelClass?: string;
  /** Rendered only while open. */
  readonly children: (close: () => void) => ReactNode;
}

export function Popover({
  label,
  trigger,
  triggerClass,
  triggerLabel,
  panelClass,
  children,
}: PopoverProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const close = () => document.getElementById(id)?.hidePopover();

  useEffect(() => {
    const [anchor, placed] = [button.current, panel.current];
    if (!open || anchor === null || placed === null) return undefined;
    // Also when what is in it comes later, or grows.
    const observer = new ResizeObserver(() => place(placed, anchor));
    observer.observe(placed);
    return () => observer.disconnect();
  }, [open]);

  function handleToggle(event: ToggleEvent<HTMLDivElement>) {
    if (event.target === panel.current) setOpen(event.newState === "open");
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        className={triggerClass}
        popoverTarget={id}
        aria-expanded={open}
        aria-haspopup="dialog"
        aria-label={triggerLabel}
        title={triggerLabel ?? label}
      >
        {trigger}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={label}
        onToggle={handleToggle}
        className={cx(
          "fixed inset-auto m-0 rounded-card border border-line bg-surface p-2 shadow-raised",
          panelClass,
        )}
      >
        {open && children(close)}
      </div>
    </>
  );
}

function place(panel: HTMLElement, button: HTMLElement): void {
  const anchor = button.getBoundingClientRect();
  const box = panel.getBoundingClientRect();
  const centred = anchor.left + anchor.width / 2 - box.width / 2;
  const left = Math.max(EDGE_PX, Math.min(centred, window.innerWidth - box.width - EDGE_PX));
  // Away from the nearer edge: a bar at the bottom opens upwards.
  const upwards = anchor.top > window.innerHeight / 2;
  const wanted = upwards ? anchor.top - GAP_PX - box.height : anchor.bottom + GAP_PX;
  const top = Math.max(EDGE_PX, Math.min(wanted, window.innerHeight - box.height - EDGE_PX));
  panel.style.left = `${left}px`;
  panel.style.top = `${top}px`;
}
