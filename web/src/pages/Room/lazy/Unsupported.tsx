import { MonitorX } from "lucide-react";
import { CopyField } from "../../../components/CopyField";
import { t } from "../../../locales/later";
import { Refusal } from "../Refusal";

export default function Unsupported({ link }: { readonly link: string }) {
  return (
    <Refusal
      why="unsupported"
      icon={<MonitorX />}
      title={t("explain.unsupported.title")}
      text={t("explain.unsupported.text")}
    >
      <div className="w-full max-w-sm text-left">
        <CopyField label={t("invite.link")} value={link} action={t("explain.copyLink")} prominent />
      </div>
    </Refusal>
  );
}
