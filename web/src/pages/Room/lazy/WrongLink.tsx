import { Link2Off } from "lucide-react";
import { t } from "../../../locales/later";
import { Refusal } from "../Refusal";
import { ElsewhereLinks } from "./ElsewhereLinks";

export default function WrongLink({ code }: { readonly code: string }) {
  return (
    <Refusal
      why="invalid-room-id"
      icon={<Link2Off />}
      title={t("explain.wrong.title")}
      text={t("explain.wrong.text", { code })}
    >
      <ElsewhereLinks />
    </Refusal>
  );
}
