import { atOnce } from "../defer/guarded_call.ts";
import { checkFunction } from "../internal/validation.ts";
import { type Description, parseDescription } from "./description.ts";
import { EndpointDescriptionError, visible } from "./description_error.ts";
import { EndpointArguments } from "./endpoint_arguments.ts";
import type { IStreamClientEndpoint, IStreamServerEndpoint } from "./interfaces.ts";

/** Makes server endpoints of one type's descriptions. Twisted's `IStreamServerEndpointStringParser`. */
export interface IStreamServerEndpointStringParser<R> {
  /** The type: what the descriptions begin with. */
  readonly prefix: string;
  /**
   * Makes an endpoint; nothing listens yet.
   *
   * Twisted passes the strings as `*args` and `**kwargs`. Here they come with their places, so that an error can point there.
   *
   * @param reactor What listens.
   * @param args The arguments.
   * @throws {EndpointDescriptionError} when they describe no endpoint.
   */
  readonly parseStreamServer: (reactor: R, args: EndpointArguments) => IStreamServerEndpoint;
}

/** Makes client endpoints of one type's descriptions. Twisted's `IStreamClientEndpointStringParserWithReactor`. */
export interface IStreamClientEndpointStringParserWithReactor<R> {
  /** The type: what the descriptions begin with. */
  readonly prefix: string;
  /**
   * Makes an endpoint; nothing connects yet.
   *
   * @param reactor What connects.
   * @param args The arguments.
   * @throws {EndpointDescriptionError} when they describe no endpoint.
   */
  readonly parseStreamClient: (reactor: R, args: EndpointArguments) => IStreamClientEndpoint;
}

/**
 * The types of endpoints that descriptions may name. A registry stands on another, and adds to it: one of your own, on
 * `defaultEndpointRegistry`, keeps your types to the code that you give it to. Twisted finds them by its system of plugins.
 *
 * @typeParam R What its parsers want of a reactor.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import {
 *   endpointArgument,
 *   defaultEndpointRegistry,
 *   EndpointRegistry,
 *   serverFromString,
 *   TCP4ServerEndpoint,
 * } from "@torsion/reactor/endpoints";
 *
 * const registry = new EndpointRegistry(defaultEndpointRegistry);
 * registry.registerServerType({
 *   prefix: "local",
 *   parseStreamServer(reactor, args) {
 *     const { port } = args.take(["port"], { port: endpointArgument.integer(0, 65535) });
 *     return new TCP4ServerEndpoint(reactor, port, { interface: "127.0.0.1" });
 *   },
 * });
 * serverFromString(reactor, "local:2000", { registry });
 * ```
 */
export class EndpointRegistry<R> {
  readonly #base: EndpointRegistry<R> | null;
  readonly #servers = new Map<string, IStreamServerEndpointStringParser<R>>();
  readonly #clients = new Map<string, IStreamClientEndpointStringParserWithReactor<R>>();

  /**
   * Makes a registry without types of its own.
   *
   * @param base The registry that it adds to, which stays as it is.
   */
  constructor(base: EndpointRegistry<R> | null = null) {
    this.#base = base;
  }

  /**
   * Adds a type of server endpoints. Its prefix is compared without regard to case.
   *
   * @returns This registry.
   * @throws {RangeError} when there is one with that prefix, or the prefix is empty.
   */
  registerServerType(parser: IStreamServerEndpointStringParser<R>): this {
    checkFunction("registerServerType() parser.parseStreamServer", parser.parseStreamServer);
    register("server", this.#servers, parser, this.#server(parser.prefix));
    return this;
  }

  /**
   * Adds a type of client endpoints. Its prefix is compared without regard to case.
   *
   * @returns This registry.
   * @throws {RangeError} when there is one with that prefix, or the prefix is empty.
   */
  registerClientType(parser: IStreamClientEndpointStringParserWithReactor<R>): this {
    checkFunction("registerClientType() parser.parseStreamClient", parser.parseStreamClient);
    register("client", this.#clients, parser, this.#client(parser.prefix));
    return this;
  }

  /** The prefixes of its server endpoints, and of those beneath. */
  serverTypes(): string[] {
    return [...this.#base?.serverTypes() ?? [], ...this.#servers.keys()];
  }

  /** The prefixes of its client endpoints, and of those beneath. */
  clientTypes(): string[] {
    return [...this.#base?.clientTypes() ?? [], ...this.#clients.keys()];
  }

  /** What `serverFromString` does with this registry. */
  serverFromString(reactor: R, description: string): IStreamServerEndpoint {
    return this.#serverOf(reactor, parseDescription(description));
  }

  /** What `clientFromString` does with this registry. */
  clientFromString(reactor: R, description: string): IStreamClientEndpoint {
    return this.#clientOf(reactor, parseDescription(description));
  }

  #server(prefix: string): IStreamServerEndpointStringParser<R> | undefined {
    const own = this.#servers.get(prefix.toLowerCase());
    return own !== undefined || this.#base === null ? own : this.#base.#server(prefix);
  }

  #client(prefix: string): IStreamClientEndpointStringParserWithReactor<R> | undefined {
    const own = this.#clients.get(prefix.toLowerCase());
    return own !== undefined || this.#base === null ? own : this.#base.#client(prefix);
  }

  #serverOf(reactor: R, description: Description): IStreamServerEndpoint {
    const parser = this.#server(description.type.value);
    if (parser === undefined) throw unknownType("server", description, this.serverTypes());
    const args = this.#arguments(reactor, description);
    const endpoint = atOnce(
      "parseStreamServer()",
      parser.parseStreamServer(reactor, args),
      `While calling parseStreamServer of the type ${parser.prefix}`,
    );
    args.checkTaken();
    return endpoint;
  }

  #clientOf(reactor: R, description: Description): IStreamClientEndpoint {
    const parser = this.#client(description.type.value);
    if (parser === undefined) throw unknownType("client", description, this.clientTypes());
    const args = this.#arguments(reactor, description);
    const endpoint = atOnce(
      "parseStreamClient()",
      parser.parseStreamClient(reactor, args),
      `While calling parseStreamClient of the type ${parser.prefix}`,
    );
    args.checkTaken();
    return endpoint;
  }

  #arguments(reactor: R, description: Description): EndpointArguments {
    return new EndpointArguments(description, {
      server: (nested) => this.#serverOf(reactor, nested),
      client: (nested) => this.#clientOf(reactor, nested),
    });
  }
}

function register<P extends { readonly prefix: string }>(
  side: string,
  types: Map<string, P>,
  parser: P,
  known: P | undefined,
): void {
  const quoted = JSON.stringify(parser.prefix);
  if (parser.prefix === "") {
    throw new RangeError(`Cannot register the ${side} endpoint type ${quoted}: it is empty`);
  }
  if (known !== undefined) {
    throw new RangeError(`Cannot register the ${side} endpoint type ${quoted}: there is one`);
  }
  types.set(parser.prefix.toLowerCase(), parser);
}

function unknownType(
  side: string,
  { text, type }: Description,
  known: readonly string[],
): EndpointDescriptionError {
  return new EndpointDescriptionError(
    text,
    type,
    `it begins with a type, and there is no type ${
      visible(type.value)
    } of ${side} endpoints; the types are ${known.toSorted().join(", ")}`,
  );
}
