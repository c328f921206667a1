import { launch } from "puppeteer-core";
import type { Browser } from "puppeteer-core";

const PROGRAM = process.env["FIREFOX"] ?? "/usr/bin/firefox-esr";

export function launchFirefox(): Promise<Browser> {
  return launch({
    browser: "firefox",
    executablePath: PROGRAM,
    headless: true,
    extraPrefsFirefox: {
      // A tone and a changing picture instead of devices, and nobody is asked.
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      // Multicast names are not resolved in a container.
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "media.autoplay.default": 0,
      "app.update.enabled": false,
      "datareporting.policy.dataSubmissionEnabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
    },
  });
}
