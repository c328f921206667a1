import type { MediaFailure } from "./model";

/** Why devices cannot even be asked for; null when they can. */
export function failureBeforeAsking(page: {
  isSecureContext: boolean;
  mediaDevices: MediaDevices | undefined;
}): MediaFailure | null {
  if (page.mediaDevices?.getUserMedia !== undefined) {
    return null;
  }
  return page.isSecureContext ? "unsupported" : "insecure-context";
}

/**
 * What an error of `getUserMedia` or `getDisplayMedia` means.
 *
 * Browsers tell a refusal by the person, by the operating system and a closed dialog apart only
 * in the message (Chromium) or by what the permission says afterwards (Firefox, Safari).
 */
export function failureOf(error: unknown, permission: PermissionState | null): MediaFailure {
  if (!(error instanceof Error)) {
    return "unknown";
  }
  switch (error.name) {
    case "NotAllowedError":
    case "PermissionDeniedError":
      return refusal(error.message, permission);
    case "SecurityError":
      return "denied-by-browser";
    case "NotFoundError":
    case "OverconstrainedError":
      return "not-found";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    case "TypeError":
    case "NotSupportedError":
      return "unsupported";
    default:
      return "unknown";
  }
}

function refusal(message: string, permission: PermissionState | null): MediaFailure {
  if (/by system/i.test(message) || permission === "granted") {
    return "denied-by-system";
  }
  if (/dismissed/i.test(message) || permission === "prompt") {
    return "dismissed";
  }
  return "denied-by-browser";
}
