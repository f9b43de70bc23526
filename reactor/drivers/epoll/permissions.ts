/**
 * Deno's permissions. The C library does not know them, so they are checked before each call that
 * Deno itself would check: `--allow-ffi` must not give a program more of the network than
 * `--allow-net` does.
 *
 * @module
 */

/**
 * Checks that the program may use an address.
 *
 * @throws {Deno.errors.NotCapable} If it may not.
 */
export function checkNetAccess(host: string, port: number): void {
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  // The zone of an address (`fe80::1%eth0`) is not a part of Deno's permissions.
  const { state } = Deno.permissions.querySync({ name: "net", host: at.replace(/%[^\]]*/, "") });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires net access to "${at}", run again with the --allow-net flag`,
  );
}

/**
 * Checks that the program may use the path of a UNIX socket.
 *
 * @throws {Deno.errors.NotCapable} If it may not read or write the path.
 */
export function checkPathAccess(path: string): void {
  for (const name of ["read", "write"] as const) {
    if (Deno.permissions.querySync({ name, path }).state === "granted") continue;
    throw new Deno.errors.NotCapable(
      `Requires ${name} access to "${path}", run again with the --allow-${name} flag`,
    );
  }
}

/** Returns whether the program may use every address. */
export function hasAllNetAccess(): boolean {
  return Deno.permissions.querySync({ name: "net" }).state === "granted";
}
