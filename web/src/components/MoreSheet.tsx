import {
  Activity,
  Hand,
  LayoutGrid,
  MonitorUp,
  Settings2,
  SwitchCamera,
  UserPlus,
  UsersRound,
  type LucideIcon,
} from "lucide-react";
import { t } from "../locales/later";
import { cx } from "../ui/classNames";
import { Dialog } from "../ui/Dialog";
import type { CallActions, CallDialog, Panel } from "./callActions";
import { ReactionsBar } from "./ReactionsBar";

interface MoreSheetProps {
  readonly sharing: boolean;
  readonly canShare: boolean;
  readonly canFlip: boolean;
  readonly handRaised: boolean;
  readonly actions: Pick<CallActions, "react" | "setHand" | "setScreen">;
  readonly onFlip: () => void;
  readonly onPanel: (panel: Panel) => void;
  readonly onDialog: (dialog: CallDialog) => void;
  readonly onClose: () => void;
}

/** What does not fit between a phone's thumbs. */
export default function MoreSheet(props: MoreSheetProps) {
  const { sharing, canShare, canFlip, handRaised, actions, onClose } = props;
  const then = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Dialog title={t("controls.more")} shape="sheet" onClose={onClose}>
      <ReactionsBar onReact={(reaction) => then(() => actions.react(reaction))()} />
      <div className="mt-3 flex flex-col">
        <Item
          icon={Hand}
          label={t("controls.hand")}
          pressed={handRaised}
          onClick={then(() => actions.setHand(!handRaised))}
        />
        {canShare && (
          <Item
            icon={MonitorUp}
            label={t("controls.share")}
            pressed={sharing}
            onClick={then(() => actions.setScreen(!sharing))}
          />
        )}
        {canFlip && <Item icon={SwitchCamera} label={t("devices.flip")} onClick={then(props.onFlip)} />}
        <Item icon={UsersRound} label={t("controls.people")} onClick={then(() => props.onPanel("people"))} />
        <Item icon={UserPlus} label={t("controls.info")} onClick={then(() => props.onDialog("invite"))} />
        <Item icon={LayoutGrid} label={t("view.title")} onClick={then(() => props.onDialog("view"))} />
        <Item icon={Settings2} label={t("devices.open")} onClick={then(() => props.onDialog("devices"))} />
        <Item icon={Activity} label={t("controls.stats")} onClick={then(() => props.onDialog("stats"))} />
      </div>
    </Dialog>
  );
}

interface ItemProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly pressed?: boolean;
  readonly onClick: () => void;
}

function Item({ icon: Icon, label, pressed, onClick }: ItemProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onClick}
      className={cx(
        "flex min-h-12 items-center gap-4 rounded-xl px-3 text-left text-base hover:bg-surface-2",
        pressed === true && "bg-accent-soft text-accent-text",
      )}
    >
      <Icon aria-hidden="true" size={20} />
      {label}
    </button>
  );
}
