import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

import { cameraFilm } from "./camera";

const PROGRAM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** The containers of continuous integration run as root and have no graphics card. */
const BASE = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];

export interface ChromiumOptions {
  /**
   * "granted": camera and microphone, and nobody is asked. "asked": they exist and the browser
   * asks, which in a headless one means "no" until the context is granted them. "no-camera":
   * as granted, but there is only a microphone.
   */
  readonly devices?: "granted" | "asked" | "no-camera";
  readonly args?: readonly string[];
  /** What to run instead of the browser itself; `network.ts` makes one for each namespace. */
  readonly program?: string;
}

export function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: options.program ?? PROGRAM,
    headless: true,
    args: [...BASE, ...deviceFlags(options.devices ?? "granted"), ...(options.args ?? [])],
  });
}

function deviceFlags(devices: "granted" | "asked" | "no-camera"): string[] {
  switch (devices) {
    case "granted":
      return [
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${cameraFilm()}`,
        "--use-fake-ui-for-media-stream",
      ];
    case "asked":
      return [
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${cameraFilm()}`,
      ];
    case "no-camera":
      return ["--use-fake-device-for-media-stream=device-count=0", "--use-fake-ui-for-media-stream"];
  }
}
