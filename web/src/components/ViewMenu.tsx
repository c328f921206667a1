import { AudioLines, GalleryThumbnails, Gauge, LayoutGrid, Leaf } from "lucide-react";
import type { CallQuality } from "../call/model";
import { LAYOUT_MODES, type LayoutMode } from "../hooks/layoutChoice";
import { t } from "../locales/later";
import { RadioCards } from "../ui/RadioCards";

export interface ViewMenuProps {
  readonly mode: LayoutMode;
  readonly quality: CallQuality;
  readonly onMode: (mode: LayoutMode) => void;
  readonly onQuality: (quality: CallQuality) => void;
}

const MODE_ICON = { grid: LayoutGrid, speaker: GalleryThumbnails } as const;
const QUALITY_ICON = { auto: Gauge, low: Leaf, "audio-only": AudioLines } as const;
const QUALITIES = ["auto", "low", "audio-only"] as const satisfies readonly CallQuality[];

/** How the pictures stand, and how much of them is fetched. */
export default function ViewMenu({ mode, quality, onMode, onQuality }: ViewMenuProps) {
  return (
    <div className="flex flex-col gap-4">
      <RadioCards
        legend={t("view.layout")}
        value={mode}
        cards={LAYOUT_MODES.map((value) => ({
          value,
          label: t(`view.layout.${value}`),
          icon: MODE_ICON[value],
        }))}
        onChange={onMode}
      />
      <RadioCards
        legend={t("view.quality")}
        value={quality}
        cards={QUALITIES.map((value) => ({
          value,
          label: t(`view.quality.${value}`),
          hint: t(`view.quality.${value}.hint`),
          icon: QUALITY_ICON[value],
        }))}
        onChange={onQuality}
      />
    </div>
  );
}
