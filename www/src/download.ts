/** Time that the browser has to read the bytes of a download after the click. */
const DOWNLOAD_GRACE_MS = 10_000;

/** Saves bytes as a file of the user. */
export function download(blob: Blob, fileName: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_GRACE_MS);
}
