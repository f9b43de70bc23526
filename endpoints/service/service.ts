import { maybeDeferred } from "../../defer/mod.ts";
import { err } from "../../log/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { IService, IServiceCollection } from "./interfaces.ts";

/**
 * What services have in common: a name, a parent, and whether they run. Twisted's `twisted.application.service.Service`.
 *
 * A subclass starts its work in `startService()` and ends it in `stopService()`, each of which calls the one it overrides. If ending
 * takes time, `stopService()` returns a Deferred or promise.
 *
 * Twisted's services can be pickled; these hold what no copy of them could.
 *
 * @example
 * ```ts no-eval
 * import { Service } from "@torsion/reactor/endpoints";
 *
 * class Journal extends Service {
 *   #lines: string[] = [];
 *
 *   write(line: string) {
 *     this.#lines.push(line);
 *   }
 *
 *   override async stopService() {
 *     super.stopService();
 *     await fetch("http://localhost:8080/journal", { method: "POST", body: this.#lines.join("\n") });
 *   }
 * }
 *
 * await using journal = new Journal();
 * journal.startService();
 * journal.write("in the end, this is sent");
 * ```
 */
export class Service implements IService {
  #name: string | null = null;
  #running = false;
  #parent: IServiceCollection | null = null;

  get name(): string | null {
    return this.#name;
  }

  get running(): boolean {
    return this.#running;
  }

  get parent(): IServiceCollection | null {
    return this.#parent;
  }

  setName(name: string): void {
    if (this.#parent !== null) {
      throw new Error(`Cannot name ${this} ${quote(name)}: its parent knows it as it is`);
    }
    this.#name = name;
  }

  setServiceParent(parent: IServiceCollection): void {
    if (this.#parent !== null) {
      maybeDeferred(() => this.disownServiceParent()).addErrback((error) => {
        err(error, `While ${this} was stopped to get another parent`);
      });
    }
    this.#parent = parent;
    try {
      parent.addService(this);
    } catch (error) {
      // A service that could not be started is part of its parent all the same, which stops it.
      if (![...parent].includes(this)) this.#parent = null;
      throw error;
    }
  }

  disownServiceParent(): PromiseLike<unknown> | void {
    if (this.#parent === null) throw new Error(`Cannot disown the parent of ${this}: it has none`);
    const stopped = this.#parent.removeService(this);
    this.#parent = null;
    return stopped;
  }

  /** See {@linkcode IService.privilegedStartService}. Does nothing, unless overridden. */
  privilegedStartService(): void {}

  startService(): void {
    this.#running = true;
  }

  stopService(): PromiseLike<unknown> | void {
    this.#running = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopService();
  }

  /** Names the class, and the service if it has a name: `MultiService "web"`. */
  toString(): string {
    const { name } = this.constructor;
    return this.#name === null ? name : `${name} ${quote(this.#name)}`;
  }
}
