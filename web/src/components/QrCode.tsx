import { encode } from "uqr";
import { t } from "../locales/later";

interface QrCodeProps {
  readonly text: string;
}

/** Dark on white in both themes: that is what phones read best. */
export default function QrCode({ text }: QrCodeProps) {
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
  return (
    <svg
      role="img"
      aria-label={t("invite.qr")}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="w-full max-w-48 rounded-xl bg-white"
    >
      <path d={path} fill="#101614" />
    </svg>
  );
}
