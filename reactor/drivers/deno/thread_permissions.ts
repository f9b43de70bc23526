/**
 * What a thread needs to be allowed.
 *
 * @module
 */

/** The folders of the library that a thread imports, from the folder of its program. */
const FOLDERS = ["../../", "../../../defer/", "../../../internal/", "../../../log/"];

/**
 * Checks that a thread may import its own program. Deno asks for `--allow-read` when a thread
 * imports a file, and else the thread would print an error and end.
 *
 * @param entry The URL of the program. The files of one that comes from JSR need no permission.
 * @throws {Deno.errors.NotCapable} when the folders may not be read.
 */
export function checkThreadPermissions(entry: URL): void {
  if (entry.protocol !== "file:") return;
  const missing = FOLDERS.map((folder) => new URL(folder, entry)).filter((path) =>
    Deno.permissions.querySync({ name: "read", path }).state !== "granted"
  );
  if (missing.length === 0) return;
  const flag = missing.map(({ pathname }) => decodeURIComponent(pathname).replace(/\/$/, ""));
  throw new Deno.errors.NotCapable(
    `Cannot start a thread: it needs --allow-read=${flag.join(",")} for its own program, ` +
      "and for the modules of the tasks with all that they import",
  );
}
