/**
 * Deno's permissions. The C library does not know them, so they are checked before each call that
 * Deno itself would check: `--allow-ffi` must not give a program more of the network than
 * `--allow-net` does.
 *
 * @module
 */

import { UNIXAddress } from "../../addresses.ts";
import { isAbstract } from "../../stream/unix_path.ts";
import { absolutePath } from "../deno/unix_path.ts";

/**
 * Checks that the program may use an address.
 *
 * @throws {Deno.errors.NotCapable} If it may not.
 */
export function checkNetAccess(host: string, port: number): void {
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  // The zone of an address (`fe80::1%eth0`) is not a part of Deno's permissions.
  checkGranted({ name: "net", host: at.replace(/%[^\]]*/, "") }, at);
}

/**
 * Checks that the program may use a UNIX socket. An abstract name has no file, and Deno's
 * permissions cannot name it: it needs `--allow-net` without a list.
 *
 * @throws {Deno.errors.NotCapable} If it may not use the path or the name.
 */
export function checkUNIXAccess(path: string): void {
  if (isAbstract(path)) return checkGranted({ name: "net" }, `unix:${new UNIXAddress(path)}`);
  for (const name of ["read", "write"] as const) checkGranted({ name, path }, path);
  const socket = `unix:${absolutePath(path)}`;
  checkGranted({ name: "net", host: socket }, socket);
}

/** Returns whether the program may use every address. */
export function hasAllNetAccess(): boolean {
  const { state, partial } = Deno.permissions.querySync({ name: "net" });
  // The state is "granted" although `--deny-net` denies some addresses: the access is then partial.
  return state === "granted" && !partial;
}

function checkGranted(
  permission:
    | Deno.NetPermissionDescriptor
    | Deno.ReadPermissionDescriptor
    | Deno.WritePermissionDescriptor,
  what: string,
): void {
  if (Deno.permissions.querySync(permission).state === "granted") return;
  const { name } = permission;
  throw new Deno.errors.NotCapable(
    `Requires ${name} access to "${what}", run again with the --allow-${name} flag`,
  );
}
