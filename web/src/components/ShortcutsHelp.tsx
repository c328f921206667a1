import { SHORTCUTS } from "../hooks/shortcuts";
import { t } from "../locales/later";

export default function ShortcutsHelp() {
  return (
    <>
      <p className="m-0 mb-4 text-sm text-muted">{t("shortcuts.hint")}</p>
      <dl className="m-0 flex flex-col gap-1">
        {SHORTCUTS.map(({ id, key }) => (
          <div key={id} className="flex min-h-10 items-center justify-between gap-4">
            <dt>{t(`shortcuts.${id}`)}</dt>
            <dd className="m-0">
              <kbd className="inline-grid min-w-9 place-items-center rounded-lg border border-line-strong bg-surface-2 px-2 py-1 font-mono text-sm font-semibold">
                {key === "pageup" || key === "pagedown" ? t(`shortcuts.key.${key}`) : key.toUpperCase()}
              </kbd>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
