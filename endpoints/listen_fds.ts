import { atOnce } from "../defer/guarded_call.ts";
import { checkFunction } from "../internal/validation.ts";

// The number of the first inherited descriptor; the numbers of further ones follow it
// (sd_listen_fds(3)).
const START = 3;

/**
 * The sockets that a service manager has opened for this process, which it announces in environment
 * variables (sd_listen_fds(3)). Twisted's `twisted.python.systemd.ListenFDs`.
 *
 * Reading the variables requires `--allow-env=LISTEN_PID,LISTEN_FDS,LISTEN_FDNAMES`.
 *
 * @example
 * ```ts no-eval
 * import { ListenFDs } from "@torsion/reactor/endpoints";
 *
 * const inherited = ListenFDs.fromEnvironment((name) => Deno.env.get(name), Deno.pid);
 * console.log(inherited.inheritedDescriptors()); // [3, 4]
 * console.log(inherited.inheritedNamedDescriptors()); // Map { "web" => 3, "admin" => 4 }
 * ```
 */
export class ListenFDs {
  readonly #descriptors: readonly number[];
  readonly #names: readonly string[];

  /**
   * Creates an object for the given descriptors. Use {@linkcode fromEnvironment} to read the
   * environment.
   *
   * @param descriptors The numbers of the descriptors, in order.
   * @param names Their names, in the same order; empty if they have no names.
   */
  constructor(descriptors: readonly number[], names: readonly string[] = []) {
    this.#descriptors = descriptors;
    this.#names = names;
  }

  /**
   * Reads the sockets of this process from its environment. There are none unless `LISTEN_PID` is
   * this process, `LISTEN_FDS` is a number, and `LISTEN_FDNAMES` is not set or has as many names.
   *
   * In Twisted, sockets without names are ignored; managers other than systemd give no names.
   * Twisted also removes the variables, so that they are not used twice. Here they belong to the
   * caller, and an endpoint listens only once.
   *
   * @param environ Returns the value of an environment variable.
   * @param pid The process id of this process.
   * @param options `start` is the number of the first descriptor, 3 by default.
   * @returns The sockets.
   */
  static fromEnvironment(
    environ: (name: string) => string | undefined,
    pid: number,
    { start = START }: { start?: number } = {},
  ): ListenFDs {
    checkFunction("ListenFDs.fromEnvironment() environ", environ);
    const ask = (name: string): string | undefined => {
      const why = `Error while calling environ for ${name}`;
      return atOnce("environ()", environ(name), why);
    };
    if (ask("LISTEN_PID") !== String(pid)) return new ListenFDs([]);
    const count = ask("LISTEN_FDS") ?? "";
    // A count with more than six digits is ignored, because no process can have that many
    // descriptors (fs.nr_open).
    const descriptors = /^\d{1,6}$/.test(count)
      ? Array.from({ length: Number(count) }, (_, index) => start + index)
      : [];
    const joined = ask("LISTEN_FDNAMES") ?? "";
    const names = joined === "" ? [] : joined.split(":");
    const fit = names.length === 0 || names.length === descriptors.length;
    return fit ? new ListenFDs(descriptors, names) : new ListenFDs([]);
  }

  /** Returns the numbers of the descriptors, in the order of the service manager. */
  inheritedDescriptors(): number[] {
    return [...this.#descriptors];
  }

  /**
   * Returns the numbers of the descriptors by name (`FileDescriptorName=` in a socket unit). If
   * several have the same name, the last one is returned.
   */
  inheritedNamedDescriptors(): Map<string, number> {
    return new Map(
      this.#descriptors.flatMap((descriptor, index) => {
        const name = this.#names[index];
        return name === undefined ? [] : [[name, descriptor]];
      }),
    );
  }
}
