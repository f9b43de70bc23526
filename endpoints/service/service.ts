import { maybeDeferred } from "../../defer/mod.ts";
import { err } from "../../log/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { IService, IServiceCollection } from "./interfaces.ts";

/**
 * The base class of services, with a name, a parent, and the state of running. Twisted's
 * `twisted.application.service.Service`.
 *
 * A subclass starts its work in `startService()` and ends it in `stopService()`. Each of them must
 * call the inherited method. If ending takes time, `stopService()` returns a Deferred or a promise.
 *
 * Twisted's services can be pickled; these cannot be serialized.
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
 *     const body = this.#lines.join("\n");
 *     await fetch("http://localhost:8080/journal", { method: "POST", body });
 *   }
 * }
 *
 * await using journal = new Journal();
 * journal.startService();
 * journal.write("sent when the service stops");
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
      throw new Error(`Cannot rename ${this} to ${quote(name)}: it has a parent already`);
    }
    this.#name = name;
  }

  setServiceParent(parent: IServiceCollection): void {
    if (this.#parent !== null) {
      maybeDeferred(() => this.disownServiceParent()).addErrback((error) => {
        err(error, `Error while stopping ${this} to move it to another parent`);
      });
    }
    this.#parent = parent;
    try {
      parent.addService(this);
    } catch (error) {
      // If the parent cannot start the service, the service still belongs to the parent, which will
      // stop it. Only a service that was not added loses its parent.
      if (![...parent].includes(this)) this.#parent = null;
      throw error;
    }
  }

  disownServiceParent(): PromiseLike<unknown> | void {
    if (this.#parent === null) {
      throw new Error(`Cannot disown the parent of ${this}: it has no parent`);
    }
    const stopped = this.#parent.removeService(this);
    this.#parent = null;
    return stopped;
  }

  /** Does nothing. Override it to do work that requires privileges. */
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

  /** Returns the name of the class, and of the service if it has a name: `MultiService "web"`. */
  toString(): string {
    const { name } = this.constructor;
    return this.#name === null ? name : `${name} ${quote(this.#name)}`;
  }
}
