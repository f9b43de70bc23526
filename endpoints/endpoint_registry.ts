import { atOnce } from "../defer/guarded_call.ts";
import { checkFunction } from "../internal/validation.ts";
import { type Description, parseDescription } from "./description.ts";
import { EndpointDescriptionError, visible } from "./description_error.ts";
import { EndpointArguments } from "./endpoint_arguments.ts";
import type {
  IStreamClientEndpoint,
  IStreamServerEndpoint,
} from "../reactor/interfaces/endpoint.ts";

/**
 * Parses the descriptions of one type of server endpoints. Twisted's
 * `IStreamServerEndpointStringParser`.
 *
 * @typeParam R The capabilities of the reactor that the endpoints need.
 */
export interface IStreamServerEndpointStringParser<R> {
  /** The type: the part of a description before the first colon. */
  readonly prefix: string;
  /**
   * Creates an endpoint. It does not listen yet.
   *
   * Twisted passes the arguments as strings, in `*args` and `**kwargs`. Here they come with their
   * places, so that an error can point at them.
   *
   * @param reactor The reactor that will listen.
   * @param args The arguments of the description.
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when the arguments are invalid.
   */
  readonly parseStreamServer: (reactor: R, args: EndpointArguments) => IStreamServerEndpoint;
}

/**
 * Parses the descriptions of one type of client endpoints. Twisted's
 * `IStreamClientEndpointStringParserWithReactor`.
 *
 * @typeParam R The capabilities of the reactor that the endpoints need.
 */
export interface IStreamClientEndpointStringParserWithReactor<R> {
  /** The type: the part of a description before the first colon. */
  readonly prefix: string;
  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param reactor The reactor that will connect.
   * @param args The arguments of the description.
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when the arguments are invalid.
   */
  readonly parseStreamClient: (reactor: R, args: EndpointArguments) => IStreamClientEndpoint;
}

/**
 * A set of endpoint types, which parse endpoint descriptions. A registry can extend another one:
 * create one on top of `defaultEndpointRegistry`, and your types are known only where you pass it.
 * In Twisted, endpoint types are plugins.
 *
 * @typeParam R The capabilities of the reactor that the parsers need.
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
  readonly #servers: EndpointTypes<R, IStreamServerEndpoint>;
  readonly #clients: EndpointTypes<R, IStreamClientEndpoint>;

  /**
   * Creates a registry without types of its own.
   *
   * @param base The registry whose types the new one adds to. It is not changed. `null` for none.
   */
  constructor(base: EndpointRegistry<R> | null = null) {
    this.#servers = new EndpointTypes("server", base === null ? null : base.#servers);
    this.#clients = new EndpointTypes("client", base === null ? null : base.#clients);
  }

  /**
   * Adds a type of server endpoints. Prefixes are compared without regard to case.
   *
   * @param parser The type's prefix and parser.
   * @returns This registry.
   * @throws {RangeError} when the prefix is empty, or registered already.
   */
  registerServerType(parser: IStreamServerEndpointStringParser<R>): this {
    checkFunction("registerServerType() parser.parseStreamServer", parser.parseStreamServer);
    const parse = (reactor: R, args: EndpointArguments) => parser.parseStreamServer(reactor, args);
    this.#servers.add({ prefix: parser.prefix, method: "parseStreamServer", parse });
    return this;
  }

  /**
   * Adds a type of client endpoints. Prefixes are compared without regard to case.
   *
   * @param parser The type's prefix and parser.
   * @returns This registry.
   * @throws {RangeError} when the prefix is empty, or registered already.
   */
  registerClientType(parser: IStreamClientEndpointStringParserWithReactor<R>): this {
    checkFunction("registerClientType() parser.parseStreamClient", parser.parseStreamClient);
    const parse = (reactor: R, args: EndpointArguments) => parser.parseStreamClient(reactor, args);
    this.#clients.add({ prefix: parser.prefix, method: "parseStreamClient", parse });
    return this;
  }

  /** Returns the prefixes of all types of server endpoints, those of the base registry first. */
  serverTypes(): string[] {
    return this.#servers.prefixes();
  }

  /** Returns the prefixes of all types of client endpoints, those of the base registry first. */
  clientTypes(): string[] {
    return this.#clients.prefixes();
  }

  /**
   * Creates the server endpoint that a string describes, as the function `serverFromString` does.
   *
   * @param reactor The reactor that will listen.
   * @param description The description.
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when the string describes no server endpoint.
   */
  serverFromString(reactor: R, description: string): IStreamServerEndpoint {
    return this.#endpoint(this.#servers, reactor, parseDescription(description));
  }

  /**
   * Creates the client endpoint that a string describes, as the function `clientFromString` does.
   *
   * @param reactor The reactor that will connect.
   * @param description The description.
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when the string describes no client endpoint.
   */
  clientFromString(reactor: R, description: string): IStreamClientEndpoint {
    return this.#endpoint(this.#clients, reactor, parseDescription(description));
  }

  #endpoint<E>(types: EndpointTypes<R, E>, reactor: R, description: Description): E {
    const { prefix, method, parse } = types.find(description);
    const args = new EndpointArguments(description, {
      server: (nested) => this.#endpoint(this.#servers, reactor, nested),
      client: (nested) => this.#endpoint(this.#clients, reactor, nested),
    });
    const why = `Error while calling ${method} of the type ${prefix}`;
    const endpoint = atOnce(`${method}()`, parse(reactor, args), why);
    args.checkTaken();
    return endpoint;
  }
}

/** One type of endpoints. */
interface EndpointType<R, E> {
  readonly prefix: string;
  /** The name of the parser's method, for the log. */
  readonly method: string;
  readonly parse: (reactor: R, args: EndpointArguments) => E;
}

/** The types of server endpoints, or of client endpoints, of a registry and of its base. */
class EndpointTypes<R, E> {
  readonly #side: "server" | "client";
  readonly #base: EndpointTypes<R, E> | null;
  readonly #own = new Map<string, EndpointType<R, E>>();

  constructor(side: "server" | "client", base: EndpointTypes<R, E> | null) {
    this.#side = side;
    this.#base = base;
  }

  add(type: EndpointType<R, E>): void {
    const { prefix } = type;
    const cannot = `Cannot register the ${this.#side} endpoint type ${JSON.stringify(prefix)}`;
    if (prefix === "") throw new RangeError(`${cannot}: the prefix is empty`);
    if (this.#named(prefix) !== undefined) {
      throw new RangeError(`${cannot}: the prefix is registered already`);
    }
    this.#own.set(prefix.toLowerCase(), type);
  }

  prefixes(): string[] {
    return [...this.#base?.prefixes() ?? [], ...this.#own.keys()];
  }

  /** Returns the type that a description begins with. */
  find({ text, type }: Description): EndpointType<R, E> {
    const found = this.#named(type.value);
    if (found !== undefined) return found;
    const known = this.prefixes().toSorted().join(", ");
    throw new EndpointDescriptionError(
      text,
      type,
      `it must begin with the type of a ${this.#side} endpoint, but ${
        visible(type.value)
      } is not one; the known types are ${known}`,
    );
  }

  #named(prefix: string): EndpointType<R, E> | undefined {
    const own = this.#own.get(prefix.toLowerCase());
    return own === undefined && this.#base !== null ? this.#base.#named(prefix) : own;
  }
}
