import { atOnce } from "../defer/guarded_call.ts";
import { checkFunction } from "../internal/validation.ts";

// The number of the first descriptor that is handed on; all others follow (sd_listen_fds(3)).
const START = 3;

/**
 * The sockets that a service manager has opened for this process, by systemd's protocol of environment variables (sd_listen_fds(3)).
 * Twisted's `twisted.python.systemd.ListenFDs`.
 *
 * Reading the three variables takes `--allow-env=LISTEN_PID,LISTEN_FDS,LISTEN_FDNAMES`.
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
   * Knows what it is told; {@linkcode fromEnvironment} finds out.
   *
   * @param descriptors The descriptors' numbers, in order.
   * @param names Their names, in the same order; empty when they have none.
   */
  constructor(descriptors: readonly number[], names: readonly string[] = []) {
    this.#descriptors = descriptors;
    this.#names = names;
  }

  /**
   * Finds out what this process was given. There is nothing unless `LISTEN_PID` is this process, `LISTEN_FDS` is a number, and
   * `LISTEN_FDNAMES`, if it is set, has as many names.
   *
   * Twisted also finds nothing when there are no names, which managers other than systemd do not give; and it removes the variables, so
   * that they are not used twice. Here they are the caller's, and an endpoint listens only once.
   *
   * @param environ Looks a variable up.
   * @param pid The number of this process.
   * @param options `start` is the first descriptor's number, for managers that begin elsewhere.
   */
  static fromEnvironment(
    environ: (name: string) => string | undefined,
    pid: number,
    { start = START }: { start?: number } = {},
  ): ListenFDs {
    checkFunction("ListenFDs.fromEnvironment() environ", environ);
    const ask = (name: string): string | undefined => {
      const why = `While calling environ for ${name}`;
      return atOnce("environ()", environ(name), why);
    };
    if (ask("LISTEN_PID") !== String(pid)) return new ListenFDs([]);
    const count = ask("LISTEN_FDS") ?? "";
    // No process can have more (fs.nr_open).
    const descriptors = /^\d{1,6}$/.test(count)
      ? Array.from({ length: Number(count) }, (_, index) => start + index)
      : [];
    const joined = ask("LISTEN_FDNAMES") ?? "";
    const names = joined === "" ? [] : joined.split(":");
    const fit = names.length === 0 || names.length === descriptors.length;
    return fit ? new ListenFDs(descriptors, names) : new ListenFDs([]);
  }

  /** The descriptors' numbers, in the manager's order. */
  inheritedDescriptors(): number[] {
    return [...this.#descriptors];
  }

  /** The descriptors' numbers by their names (`FileDescriptorName=` in a socket unit). Of several with one name the last counts. */
  inheritedNamedDescriptors(): Map<string, number> {
    return new Map(
      this.#descriptors.flatMap((descriptor, index) => {
        const name = this.#names[index];
        return name === undefined ? [] : [[name, descriptor]];
      }),
    );
  }
}
