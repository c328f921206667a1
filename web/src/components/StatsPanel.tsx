import type { CallStats, Observable, Participant, PeerStats } from "../call/model";
import { useObservable } from "../hooks/useObservable";
import { t } from "../locales/later";
import { Figure } from "./Figure";
import { ServerStats } from "./ServerStats";

interface StatsPanelProps {
  readonly stats: Observable<CallStats>;
  readonly participants: readonly Pick<Participant, "peerId" | "name">[];
}

export default function StatsPanel({ stats, participants }: StatsPanelProps) {
  const { peers, server } = useObservable(stats);
  const rows = participants.flatMap(({ peerId, name }) => {
    const peer = peers.get(peerId);
    return peer === undefined ? [] : [{ peerId, name, peer }];
  });
  if (rows.length === 0 && server === null) return <p className="m-0 text-muted">{t("stats.none")}</p>;
  return (
    <div className="flex flex-col gap-5">
      {server !== null && (
        <ServerStats stats={server} names={new Map(participants.map(({ peerId, name }) => [peerId, name]))} />
      )}
      {rows.length > 0 && (
        <ul className="m-0 flex list-none flex-col gap-5 p-0">
          {rows.map(({ peerId, name, peer }) => (
            <li key={peerId} className="rounded-xl bg-surface-2 p-4">
              <h3 className="m-0 mb-3 truncate text-base font-semibold">{name}</h3>
              <dl className="m-0 grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3">
                <Figure name={t("stats.path")} value={pathOf(peer)} />
                <Figure name={t("stats.roundTrip")} value={roundTripOf(peer)} />
                <Figure name={t("stats.loss")} value={lossOf(peer)} />
                <Figure
                  name={t("stats.receive")}
                  value={t("stats.kbps", { value: Math.round(peer.receiveKbps) })}
                />
                <Figure name={t("stats.send")} value={t("stats.kbps", { value: Math.round(peer.sendKbps) })} />
                <Figure name={t("stats.picture")} value={pictureOf(peer)} />
              </dl>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function pathOf({ path }: PeerStats): string {
  return path === null ? t("stats.unknown") : t(`stats.path.${path}`);
}

function roundTripOf({ roundTripMs }: PeerStats): string {
  return roundTripMs === null ? t("stats.unknown") : t("stats.ms", { value: Math.round(roundTripMs) });
}

function lossOf({ packetLoss }: PeerStats): string {
  return `${(packetLoss * 100).toFixed(1)} %`;
}

function pictureOf({ frameWidth, frameHeight, framesPerSecond }: PeerStats): string {
  if (frameWidth === null || frameHeight === null) return t("stats.unknown");
  // Plain digits: a picture has no thousands separator.
  return t("stats.frame", {
    width: String(frameWidth),
    height: String(frameHeight),
    fps: Math.round(framesPerSecond ?? 0),
  });
}
