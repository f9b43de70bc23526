import type { Deferred } from "../../defer/mod.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { ClientFactory } from "../factory.ts";
import { RESPClient, shareSubscriptions } from "./resp_client.ts";
import { DEFAULT_TIMEOUT, type RESPClientOptions } from "./resp_client_options.ts";
import type { SubscribeOptions, Subscription } from "./subscription.ts";
import { SubscriptionRegistry } from "./subscription_registry.ts";

/**
 * Builds the clients of a connection that is renewed, and keeps its subscriptions: each new
 * connection subscribes again.
 *
 * Commands are not sent again after a loss. Their failures say in `sent` whether that is safe.
 *
 * @example A client that reconnects
 * ```ts no-eval
 * import { ClientService, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { asInteger, type RESPClient, RESPClientFactory } from "@torsion/reactor/resp";
 *
 * const password = Deno.env.get("REDIS_PASSWORD");
 * const factory = new RESPClientFactory({ clock: reactor, password });
 * const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 6379);
 * const redis = new ClientService(endpoint, factory, {
 *   clock: reactor,
 *   prepareConnection: factory.prepare,
 * });
 * redis.startService();
 * reactor.run();
 *
 * const incr = (client: RESPClient) => client.command(["INCR", "visits"], { read: asInteger });
 * console.log(await redis.request(incr, { timeout: 5 }));
 * for await (const { text } of await factory.subscribe("news")) console.log(text);
 * ```
 */
export class RESPClientFactory extends ClientFactory<RESPClient> {
  readonly #options: RESPClientOptions;
  readonly #subscriptions: SubscriptionRegistry;

  /**
   * Prepares the connection of a client, as `prepareConnection` of a `ClientService`.
   *
   * @param client The client.
   * @returns A Deferred that fires when the client is logged in and has subscribed again.
   */
  readonly prepare = (client: RESPClient): Deferred<RESPClient> => client.prepare();

  /**
   * Creates a factory.
   *
   * @param options The options of its clients.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when an option has the wrong type, or there is a user without a password.
   */
  constructor(options: RESPClientOptions) {
    super();
    // The constructor checks all options, so that a mistake is not found only with a connection.
    new RESPClient(options);
    this.#options = options;
    const { clock, timeout = DEFAULT_TIMEOUT } = options;
    this.#subscriptions = new SubscriptionRegistry({ clock, timeout });
  }

  /** Builds the client of a connection. */
  override buildProtocol(_addr: Address): RESPClient {
    const client = new RESPClient(this.#options);
    shareSubscriptions(client, this.#subscriptions);
    client.factory = this;
    return client;
  }

  /**
   * Subscribes to a channel, on the current connection and on all later ones.
   *
   * Messages that are published while there is no connection are lost. The option `resubscribed` is
   * called after each new confirmation, so that the program can catch up.
   *
   * @param channel The channel.
   * @param options The handlers, or the limits of what is kept for the loop; `timeout` and
   *   `signal`. The timeout includes the wait for a connection; `Infinity` waits for one without
   *   limit.
   * @returns A Deferred of the subscription, which fires when a server has confirmed it. It fails
   *   with a `RESPError` if the server refuses, and with a `RequestFailure` if no server confirms
   *   in time. Cancelling it closes the subscription.
   * @throws {RangeError} when a limit is negative or not an integer, or `timeout` is negative or
   *   NaN.
   * @throws {TypeError} when a handler is not a function.
   */
  subscribe(channel: string, options: SubscribeOptions = {}): Deferred<Subscription> {
    return this.#subscriptions.add("channel", channel, options);
  }

  /** Subscribes to all channels whose names fit a pattern. See {@linkcode subscribe}. */
  psubscribe(pattern: string, options: SubscribeOptions = {}): Deferred<Subscription> {
    return this.#subscriptions.add("pattern", pattern, options);
  }

  /** Subscribes to a shard channel of a cluster. See {@linkcode subscribe}. */
  ssubscribe(channel: string, options: SubscribeOptions = {}): Deferred<Subscription> {
    return this.#subscriptions.add("shard", channel, options);
  }
}
