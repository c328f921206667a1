import type { ReactNode } from "react";
import type { ReceivedSlot, SentLayer, ServerStats as Stats } from "../call/model";
import { t } from "../locales/later";
import type { PeerId } from "../protocol/generated";
import { Figure } from "./Figure";

interface ServerStatsProps {
  readonly stats: Stats;
  readonly names: ReadonlyMap<PeerId, string>;
}

/** The connection with the media server: how it is, what goes there, and what comes from it. */
export function ServerStats({ stats, names }: ServerStatsProps) {
  const { transport, sending } = stats;
  const slots = stats.slots.filter(({ peerId }) => peerId !== null);
  return (
    <section aria-labelledby="stats-server" className="flex flex-col gap-4 rounded-xl bg-surface-2 p-4">
      <h3 id="stats-server" className="m-0 text-base font-semibold">
        {t("stats.server")}
      </h3>
      <dl className="m-0 grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
        <Figure name={t("stats.state")} value={t(`stats.state.${stats.state}`)} />
        <Figure
          name={t("stats.path")}
          value={transport === null ? t("stats.unknown") : t(`stats.transport.${transport}`)}
        />
        <Figure name={t("stats.roundTrip")} value={milliseconds(stats.roundTripMs)} />
        <Figure name={t("stats.lossToClient")} value={share(stats.lossToClient)} />
        <Figure name={t("stats.lossFromClient")} value={share(stats.lossFromClient)} />
        <Figure name={t("stats.estimate")} value={rate(stats.estimateKbps)} />
        <Figure name={t("stats.allocated")} value={rate(stats.allocatedKbps)} />
        <Figure name={t("stats.desired")} value={rate(stats.desiredKbps)} />
      </dl>
      {sending.length > 0 && (
        <Table
          title={t("stats.sending")}
          head={[t("stats.source"), t("stats.layer"), t("stats.picture"), t("stats.rate")]}
        >
          {sending.map((layer) => (
            <Row key={`${layer.source}/${layer.rid}`} cells={sentCells(layer)} />
          ))}
        </Table>
      )}
      {slots.length > 0 && (
        <Table
          title={t("stats.slots")}
          head={[t("stats.who"), t("stats.source"), t("stats.layer"), t("stats.picture"), t("stats.rate")]}
        >
          {slots.map((slot) => (
            <Row key={slot.mid} cells={slotCells(slot, names)} />
          ))}
        </Table>
      )}
    </section>
  );
}

function sentCells(layer: SentLayer): readonly string[] {
  const words = [t(`stats.source.${layer.source}`), layerOf(layer.rid)];
  return layer.active ? [...words, pictureOf(layer), rate(layer.kbps)] : [...words, t("stats.notNeeded"), ""];
}

function slotCells(slot: ReceivedSlot, names: ReadonlyMap<PeerId, string>): readonly string[] {
  const { peerId, source, layer, paused } = slot;
  const words = [
    (peerId !== null && names.get(peerId)) || t("stats.unknown"),
    source === null ? t("stats.unknown") : t(`stats.source.${source}`),
    layerOf(layer),
  ];
  return paused ? [...words, t("stats.paused"), ""] : [...words, pictureOf(slot), rate(slot.kbps)];
}

interface TableProps {
  readonly title: string;
  readonly head: readonly string[];
  readonly children: ReactNode;
}

function Table({ title, head, children }: TableProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable by keys
    <div tabIndex={0} role="group" aria-label={title} className="overflow-x-auto">
      <table className="w-full border-collapse text-left text-sm whitespace-nowrap tabular-nums">
        <caption className="pb-1 text-left text-sm font-semibold">{title}</caption>
        <thead>
          <tr className="text-xs text-muted">
            {head.map((text) => (
              <th key={text} scope="col" className="py-1 pr-4 font-normal last:pr-0 last:text-right">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function Row({ cells: [first, ...others] }: { readonly cells: readonly string[] }) {
  return (
    <tr className="border-t border-line">
      <th scope="row" className="max-w-40 truncate py-1.5 pr-4 font-semibold">
        {first}
      </th>
      {others.map((text, index) => (
        <td key={index} className="py-1.5 pr-4 last:pr-0 last:text-right">
          {text}
        </td>
      ))}
    </tr>
  );
}

function layerOf(rid: string | null): string {
  return rid === "q" || rid === "h" || rid === "f" ? t(`stats.layer.${rid}`) : t("stats.unknown");
}

function pictureOf({ width, height, fps }: Pick<SentLayer, "width" | "height" | "fps">): string {
  if (width === null || height === null) return t("stats.unknown");
  // Plain digits: a picture has no thousands separator.
  return t("stats.frame", { width: String(width), height: String(height), fps: Math.round(fps ?? 0) });
}

function milliseconds(value: number | null): string {
  return value === null ? t("stats.unknown") : t("stats.ms", { value: Math.round(value) });
}

function rate(kbps: number | null): string {
  return kbps === null ? t("stats.unknown") : t("stats.kbps", { value: Math.round(kbps) });
}

function share(value: number | null): string {
  return value === null ? t("stats.unknown") : `${(value * 100).toFixed(1)} %`;
}
