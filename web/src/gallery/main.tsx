/**
 * For development only, and no part of the build: `npm run dev`, then `/gallery.html` lists the
 * scenes, and `/gallery.html?scene=call-four` shows one (`&lang=de`, `&theme=dark`).
 */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router";
import { loadLanguage } from "../locales/translate";
import { SCENES } from "./scenes";
import "../styles/index.css";

const query = new URLSearchParams(window.location.search);

function Gallery() {
  const scene = SCENES[query.get("scene") ?? ""];
  if (scene !== undefined) return scene();
  return (
    <ul>
      {Object.keys(SCENES).map((name) => (
        <li key={name}>
          <a href={`?scene=${name}`}>{name}</a>
        </li>
      ))}
    </ul>
  );
}

async function start(root: HTMLElement): Promise<void> {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset["theme"] = query.get("theme") ?? dark;
  await loadLanguage(query.get("lang") ?? "en");
  createRoot(root).render(
    <StrictMode>
      <MemoryRouter>
        <Gallery />
      </MemoryRouter>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root === null) throw new Error("gallery.html has an element #root");
void start(root);
