import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { startTheme } from "./hooks/useTheme";
import { currentLocale, loadLanguage, pickLanguage } from "./locales/translate";
import { reportToConsole } from "./services/report";
import "./styles/index.css";

async function start(root: HTMLElement): Promise<void> {
  startTheme();
  try {
    await loadLanguage(pickLanguage(navigator.languages));
  } catch (error) {
    // The catalogue could not be fetched: English is here already.
    reportToConsole("the language could not be loaded", error);
  }
  document.documentElement.lang = currentLocale();
  createRoot(root).render(
    <StrictMode>
      <App pathname={window.location.pathname} />
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has an element #root");
void start(root);
