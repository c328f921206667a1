import { Pencil } from "lucide-react";
import { useState } from "react";
import { nameProblem, rememberName } from "../hooks/rememberedName";
import { t } from "../locales/later";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/TextField";
import { NAME_PROBLEM } from "./nameProblems";

interface RenameFormProps {
  readonly name: string;
  readonly onRename: (name: string) => void;
}

export function RenameForm({ name, onRename }: RenameFormProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-label={t("people.rename")}
        title={t("people.rename")}
        onClick={() => setOpen(true)}
        className="grid size-9 place-items-center rounded-full hover:bg-surface-2"
      >
        <Pencil aria-hidden="true" size={16} />
      </button>
      {open && <RenameDialog name={name} onRename={onRename} onClose={() => setOpen(false)} />}
    </>
  );
}

interface RenameDialogProps extends RenameFormProps {
  readonly onClose: () => void;
}

function RenameDialog({ name, onRename, onClose }: RenameDialogProps) {
  const [wanted, setWanted] = useState(name);
  const problem = nameProblem(wanted);
  return (
    <Dialog title={t("people.rename")} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (problem !== null) return;
          const next = wanted.trim();
          rememberName(next);
          onRename(next);
          onClose();
        }}
        className="flex flex-col gap-5"
      >
        <TextField
          label={t("prejoin.name")}
          value={wanted}
          autoComplete="name"
          error={problem === null ? null : t(NAME_PROBLEM[problem])}
          onChange={(event) => setWanted(event.target.value)}
        />
        <div className="flex justify-end gap-3">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" variant="primary">
            {t("people.renameSave")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
