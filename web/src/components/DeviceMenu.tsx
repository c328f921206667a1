import { Camera, Mic, SwitchCamera, Volume2 } from "lucide-react";
import type { ReactNode } from "react";
import type { LocalMediaState, Observable } from "../call/model";
import { t } from "../locales/later";
import { Button } from "../ui/Button";
import { SelectField, type SelectOption } from "../ui/SelectField";
import type { DeviceActions } from "./callActions";
import { MicrophoneMeter } from "./MicrophoneMeter";

interface DeviceMenuProps {
  readonly devices: LocalMediaState["devices"];
  readonly selected: LocalMediaState["selected"];
  readonly level: Observable<number>;
  readonly actions: DeviceActions;
}

const canChooseSpeaker = "setSinkId" in HTMLMediaElement.prototype;

export default function DeviceMenu({ devices, selected, level, actions }: DeviceMenuProps) {
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-col gap-2">
        <DeviceSelect
          label={t("devices.microphone")}
          icon={<Mic aria-hidden="true" size={16} />}
          devices={devices.microphones}
          selected={selected.microphone}
          onSelect={actions.selectMicrophone}
        />
        <MicrophoneMeter level={level} />
      </div>
      <div className="flex flex-col gap-2">
        <DeviceSelect
          label={t("devices.camera")}
          icon={<Camera aria-hidden="true" size={16} />}
          devices={devices.cameras}
          selected={selected.camera}
          onSelect={actions.selectCamera}
        />
        {devices.cameras.length > 1 && (
          <Button
            size="small"
            variant="ghost"
            icon={<SwitchCamera aria-hidden="true" size={16} />}
            onClick={actions.flipCamera}
          >
            {t("devices.flip")}
          </Button>
        )}
      </div>
      {canChooseSpeaker ? (
        <DeviceSelect
          label={t("devices.speaker")}
          icon={<Volume2 aria-hidden="true" size={16} />}
          devices={devices.speakers}
          selected={selected.speaker}
          onSelect={actions.selectSpeaker}
        />
      ) : (
        <p className="m-0 text-sm text-muted">{t("devices.speakerFixed")}</p>
      )}
    </div>
  );
}

interface DeviceSelectProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly devices: readonly MediaDeviceInfo[];
  readonly selected: string | null;
  readonly onSelect: (deviceId: string) => void;
}

function DeviceSelect({ label, icon, devices, selected, onSelect }: DeviceSelectProps) {
  // Before permission is given, browsers list devices without ids.
  const named = devices.filter((device) => device.deviceId !== "");
  const known = named.some((device) => device.deviceId === selected);
  const options: SelectOption[] = named.map((device, index) => ({
    value: device.deviceId,
    label: device.label === "" ? t("devices.unnamed", { number: index + 1 }) : device.label,
  }));
  if (!known) {
    const text = devices.length === 0 ? t("devices.none") : t("devices.default");
    options.unshift({ value: "", label: text });
  }
  return (
    <SelectField
      label={label}
      icon={icon}
      value={known && selected !== null ? selected : ""}
      options={options}
      disabled={named.length === 0}
      onChange={onSelect}
    />
  );
}
