import { Monitor, Moon, Sun, type LucideIcon } from "lucide-react";
import { THEMES, useTheme, type Theme } from "../hooks/useTheme";
import { t } from "../locales/translate";
import { IconButton } from "../ui/IconButton";
import { Logo } from "./Logo";

const THEME_ICON: Readonly<Record<Theme, LucideIcon>> = { system: Monitor, light: Sun, dark: Moon };

export function SiteHeader() {
  return (
    <header className="mx-auto flex w-full max-w-6xl items-center justify-between px-4 py-3 sm:px-8 sm:py-5">
      <a
        href="/"
        aria-label={t("app.home")}
        className="flex items-center gap-2.5 rounded-lg text-lg font-semibold tracking-tight text-text no-underline"
      >
        <Logo />
        {t("app.name")}
      </a>
      <ThemeButton />
    </header>
  );
}

function ThemeButton() {
  const [theme, chooseTheme] = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  const Icon = THEME_ICON[theme];
  return (
    <IconButton
      label={t("theme.label", { theme: t(`theme.${theme}`) })}
      onClick={() => chooseTheme(next)}
    >
      <Icon aria-hidden="true" size={20} />
    </IconButton>
  );
}
