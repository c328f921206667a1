import { ChevronLeft, ChevronRight } from "lucide-react";
import { t } from "../locales/later";
import { cx } from "../ui/classNames";
import { IconButton } from "../ui/IconButton";
import type { Rect } from "./gridLayout";

interface PagerProps {
  readonly place: Rect;
  readonly page: number;
  readonly pages: number;
  readonly onPage: (page: number) => void;
}

/** With more of them, a row of dots says less than a number. */
const DOTS_MAX = 7;
/** Room for the buttons, and for each dot beside them. */
const ARROWS_PX = 104;
const DOT_PX = 28;

/** Turns the pages of tiles. */
export default function Pager({ place, page, pages, onPage }: PagerProps) {
  const dots = pages <= DOTS_MAX && ARROWS_PX + pages * DOT_PX <= place.width;
  const words = t("pager.page", { page: page + 1, pages });
  return (
    <nav
      aria-label={t("pager.label")}
      className="absolute top-0 left-0 flex items-center justify-center gap-1"
      style={{ width: place.width, height: place.height, translate: `${place.x}px ${place.y}px` }}
    >
      <IconButton label={t("pager.previous")} size="small" disabled={page === 0} onClick={() => onPage(page - 1)}>
        <ChevronLeft aria-hidden="true" size={20} />
      </IconButton>
      <p role="status" className={cx("m-0 px-1 text-sm font-medium whitespace-nowrap text-muted tabular-nums", dots && "sr-only")}>
        <span className="sr-only">{words}</span>
        <span aria-hidden="true">
          {page + 1} / {pages}
        </span>
      </p>
      {dots &&
        Array.from({ length: pages }, (_, index) => (
          <button
            key={index}
            type="button"
            aria-label={t("pager.page", { page: index + 1, pages })}
            aria-current={index === page ? "page" : undefined}
            onClick={() => onPage(index)}
            className="group/dot grid size-7 place-items-center rounded-full"
          >
            <span
              className={cx(
                "h-2 rounded-full transition-[width]",
                index === page ? "w-5 bg-text" : "w-2 bg-line-strong group-hover/dot:bg-text",
              )}
            />
          </button>
        ))}
      <IconButton
        label={t("pager.next")}
        size="small"
        disabled={page === pages - 1}
        onClick={() => onPage(page + 1)}
      >
        <ChevronRight aria-hidden="true" size={20} />
      </IconButton>
    </nav>
  );
}
