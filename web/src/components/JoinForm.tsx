import { useState, type FormEvent } from "react";
import { readInvitation } from "../hooks/roomCode";
import type { EnterRoom } from "../hooks/useEnterRoom";
import { t } from "../locales/later";
import type { PlainKey } from "../locales/translate";
import { Button } from "../ui/Button";
import { TextField } from "../ui/TextField";

interface JoinFormProps {
  /** Gives the reason why one cannot, or null. */
  readonly onJoin: EnterRoom;
  readonly initial?: string;
  /** It is the one thing to do on its page. */
  readonly focused?: boolean;
}

type Joining =
  | { kind: "typing"; error: PlainKey | null }
  | { kind: "checking" }
  /** The server has put the answer off, and is asked again. */
  | { kind: "waiting" };

export function JoinForm({ onJoin, initial = "", focused = false }: JoinFormProps) {
  const [typed, setTyped] = useState(initial);
  const [state, setState] = useState<Joining>({ kind: "typing", error: null });
  const checking = state.kind === "checking" || state.kind === "waiting";

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (checking) return;
    const invitation = readInvitation(typed);
    if (invitation === null) {
      setState({
        kind: "typing",
        error: typed.trim() === "" ? "join.error.empty" : "join.error.shape",
      });
      return;
    }
    setState({ kind: "checking" });
    const error = await onJoin(invitation, () => setState({ kind: "waiting" }));
    setState({ kind: "typing", error });
  }

  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <TextField
        label={t("join.code")}
        value={typed}
        placeholder={t("join.placeholder")}
        error={state.kind === "typing" && state.error !== null ? t(state.error) : null}
        autoCapitalize="characters"
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- see `focused`
        autoFocus={focused}
        onChange={(event) => {
          setTyped(event.target.value);
          setState({ kind: "typing", error: null });
        }}
      />
      <Button type="submit" size="large" variant="outline" busy={checking} wide>
        {t(checking ? "join.checking" : "join.submit")}
      </Button>
      <p role="status" className="m-0 text-center text-sm text-balance text-muted empty:hidden">
        {state.kind === "waiting" && t("busy.waiting")}
      </p>
    </form>
  );
}
