/**
 * The permissions that a thread needs.
 *
 * @module
 */

/** The folders of the library that a thread imports, relative to its program. */
const FOLDERS = ["../../", "../../../defer/", "../../../internal/", "../../../log/"];

/**
 * Checks that a thread may import its own program. Deno checks `--allow-read` when a thread imports
 * a file; without it, the thread would print an error and exit.
 *
 * @param entry The URL of the program. The files of a program from JSR need no permission.
 * @throws {Deno.errors.NotCapable} If the library's folders may not be read.
 */
export function checkThreadPermissions(entry: URL): void {
  if (entry.protocol !== "file:") return;
  const missing = FOLDERS.map((folder) => new URL(folder, entry)).filter((path) =>
    Deno.permissions.querySync({ name: "read", path }).state !== "granted"
  );
  if (missing.length === 0) return;
  const flag = missing.map(({ pathname }) => decodeURIComponent(pathname).replace(/\/$/, ""));
  throw new Deno.errors.NotCapable(
    `Cannot start a thread: it needs --allow-read=${flag.join(",")} for the library's own files, ` +
      "and for the modules of the tasks with all their imports",
  );
}
