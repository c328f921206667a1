/** Resolves to whether it worked; plain HTTP pages have no clipboard. */
export async function copyText(text: string): Promise<boolean> {
  // Missing in insecure contexts, whatever the type says.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard === undefined) return false;
  try {
    await clipboard.writeText(text);
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}
