import { type Deferred, fail } from "../../defer/mod.ts";
import { Fifo } from "../../defer/fifo.ts";
import { callLogged } from "../../defer/guarded_call.ts";
import { checkFunction, quote } from "../../internal/validation.ts";
import { FramingError } from "../framing/framing_error.ts";
import { FrameReceiver } from "../framing/frame_receiver.ts";
import { Heartbeat } from "../heartbeat.ts";
import { type RequestOptions, UnexpectedAnswer } from "../pending_requests.ts";
import { RequestLost } from "../request_failures.ts";
import { RequestQueue } from "../request_queue.ts";
import { isPubSubEvent, type PubSubEvent, pubSubEventIn, verbOf, VERBS } from "./pubsub_event.ts";
import { asTextValue, type TextValue, UnexpectedReply } from "./reply_readers.ts";
import {
  checkedLogin,
  type CommandOptions,
  type CommandWords,
  DEFAULT_TIMEOUT,
  type RESPClientOptions,
  type RESPLogin,
} from "./resp_client_options.ts";
import { RESPDecoder } from "./resp_decoder.ts";
import { RESPEncoder } from "./resp_encoder.ts";
import { logIn, needsLogin } from "./resp_login.ts";
import type { RESPVersion } from "./resp_output.ts";
import { RESPError, type RESPMessage, type RESPValue } from "./resp_value.ts";
import type { SubscribeOptions, Subscription, SubscriptionKind } from "./subscription.ts";
import {
  type SubscriptionCommand,
  SubscriptionRegistry,
  type SubscriptionSender,
} from "./subscription_registry.ts";

/** The commands of one request, which are sent together. */
interface Outgoing {
  /** The commands. Empty once they are sent, so that large values are not kept. */
  bytes: Uint8Array;
  /** The number of replies that belong to it. With more than one, they are an array. */
  readonly replies: number;
  /** The confirmation that replaces the reply: `subscribe:news`; `null` for a command. */
  readonly confirmation: string | null;
}

/** The options of a command, with a reader or without. */
type ReadOptions = RequestOptions & Partial<CommandOptions<unknown>>;

/** Commands that `command()` refuses, and what to do instead. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ...Object.values(VERBS).flatMap(({ add, remove }) => [
    [add.toUpperCase(), `call ${add}()`] as const,
    [remove.toUpperCase(), "call close() of the subscription"] as const,
  ]),
  ["HELLO", "call prepare()"],
  ["RESET", "close the connection"],
  ["CLIENT REPLY", "the client needs a reply to each command"],
  ["MONITOR", "what it sends is not a reply to a command"],
  ["SYNC", "what it sends is not a reply to a command"],
  ["PSYNC", "what it sends is not a reply to a command"],
]);

const SENT = new Uint8Array(0);

const DEFAULT_HEARTBEAT = { interval: 30, maxMissed: 2 };

/** Makes a client use the subscriptions of a factory, before it is connected. */
export let shareSubscriptions: (client: RESPClient, shared: SubscriptionRegistry) => void;

/**
 * A client of Redis, Valkey, or any other server that speaks RESP.
 *
 * Commands are sent at once, without waiting for earlier replies (pipelining), and those of one
 * turn of the loop in one write. Replies arrive in the order of the commands. A failure says in
 * `sent` whether the command had been sent, see {@linkcode RequestFailure}; nothing is sent twice.
 *
 * Blocking commands, such as `BLPOP`, hold back all later ones on the same connection. So give them
 * a connection of their own, a `timeout` that is longer than they may block, and no `heartbeat`, or
 * one whose silence is longer. `WATCH` needs a connection of its own too, because another command
 * may come between it and the transaction.
 *
 * {@linkcode RESPClientFactory} builds clients for a `ClientService`, which reconnects.
 *
 * @example A connection that is not renewed
 * ```ts no-eval
 * import { connectProtocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { asInteger, RESPClient } from "@torsion/reactor/resp";
 *
 * reactor.run();
 * const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 6379);
 * const client = await connectProtocol(endpoint, new RESPClient({ clock: reactor }));
 * await client.prepare();
 * console.log(await client.command(["INCR", "visits"], { read: asInteger }));
 * ```
 */
export class RESPClient extends FrameReceiver<RESPMessage> {
  /** Decodes what the server sends. */
  protected override readonly decoder: RESPDecoder;
  readonly #options: RESPClientOptions;
  readonly #login: RESPLogin;
  readonly #requests: RequestQueue<Outgoing, RESPValue>;
  readonly #encoder = new RESPEncoder();
  #subscriptions: SubscriptionRegistry;
  /** Whether subscriptions end with the connection. */
  #ownsSubscriptions = true;
  readonly #sender: SubscriptionSender = { send: (...words) => this.#sendSubscription(...words) };
  /** The commands that have been sent, and not completely answered. */
  readonly #sent = new Fifo<Outgoing>();
  #replies: RESPValue[] = [];
  /** The topics that the server has confirmed: `channel:news`. */
  readonly #confirmed = new Set<string>();
  #heartbeat: Heartbeat | null = null;
  #version: RESPVersion = 2;
  #lost: Error | null = null;

  static {
    shareSubscriptions = (client, shared) => {
      client.#subscriptions = shared;
      client.#ownsSubscriptions = false;
    };
  }

  /**
   * Creates a client.
   *
   * @param options The clock, which is required, the login, timeouts and limits.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when an option has the wrong type, or there is a user without a password.
   */
  constructor(options: RESPClientOptions) {
    super();
    const { clock, timeout = DEFAULT_TIMEOUT, limits, maxTimeouts = 10 } = options;
    const { maxInFlight, maxWaiting, maxInFlightBytes, maxWaitingBytes } = options;
    this.#options = options;
    this.#login = checkedLogin(options);
    this.decoder = new RESPDecoder(limits);
    this.#subscriptions = new SubscriptionRegistry({ clock, timeout });
    this.#requests = new RequestQueue((outgoing) => this.#send(outgoing), {
      clock,
      timeout,
      maxInFlight,
      maxWaiting,
      maxInFlightBytes,
      maxWaitingBytes,
      maxTimeouts,
      protocol: this,
    });
  }

  /** The version of the protocol. It is 2 until {@linkcode prepare} has agreed on 3. */
  get version(): RESPVersion {
    return this.#version;
  }

  /** The number of commands that have been sent and not answered. */
  get inFlight(): number {
    return this.#requests.inFlight;
  }

  /**
   * Agrees on the version of the protocol, logs in, selects the database, and then makes the
   * subscriptions: those of a factory again, and those for which {@linkcode subscribe} was called
   * before. Call it first, for example as `prepareConnection` of a `ClientService`. It is not
   * necessary with `version: 2` and without a password, a database and a name.
   *
   * @returns A Deferred of this client. It fails with a {@linkcode RESPError} if the server
   *   refuses.
   */
  prepare(): Deferred<this> {
    return logIn(this.#login, (words) => this.#command(words)).addCallback((version) => {
      this.#version = version;
      return this.#subscriptions.attach(this.#sender).addCallback(() => this);
    });
  }

  /**
   * Sends a command.
   *
   * @param words The name and the arguments. Text is sent as UTF-8, and numbers as decimal text.
   * @param options `read`, which gives the reply its type, `timeout` and `signal`.
   * @returns A Deferred of the reply. It fails with a {@linkcode RESPError} if the server answers
   *   with an error, with what `read` throws, and with a {@linkcode RequestFailure} if there is no
   *   answer.
   * @throws {TypeError} when a word is neither text, bytes nor a number; and for commands whose
   *   replies cannot be matched, such as `SUBSCRIBE` and `MONITOR`.
   * @throws {RangeError} when there is no word, or `timeout` is negative or NaN.
   *
   * @example
   * ```ts
   * import { asBytesOrNull, asInteger, asTextMap, type RESPClient } from "@torsion/reactor/resp";
   *
   * async function use(client: RESPClient, signal: AbortSignal) {
   *   await client.command(["SET", "visits", 7, "EX", 60]); // "OK"
   *   const visits = await client.command(["INCR", "visits"], { read: asInteger }); // 8
   *   const image = await client.command(["GET", "image"], { read: asBytesOrNull, signal });
   *   const user = await client.command(["HGETALL", "user"], { read: asTextMap, timeout: 1 });
   *   return { visits, image, user };
   * }
   * ```
   */
  command<T>(words: CommandWords, options: CommandOptions<T>): Deferred<T>;
  /** Sends a command, and returns the reply with all strings as text. */
  command(words: CommandWords, options?: RequestOptions): Deferred<TextValue>;
  command(words: CommandWords, options?: ReadOptions): Deferred<unknown> {
    checkAllowed(words);
    return this.#command(words, options);
  }

  /**
   * Sends commands as one transaction: `MULTI`, the commands, and `EXEC`, without another command
   * between them. If it is abandoned before it is sent, nothing of it is sent.
   *
   * @param commands The commands.
   * @param options `read`, which is called with the array of replies, `timeout` and `signal`.
   * @returns A Deferred of the replies; `null` if a watched key has changed. The reply of a command
   *   that has failed is a {@linkcode RESPError} in the array. The Deferred fails with the error of
   *   the first command that the server does not accept. None is carried out then, unless the
   *   server has refused `MULTI` itself, as for a user who may not call it.
   * @throws {TypeError} when a word is neither text, bytes nor a number, or a command is refused by
   *   {@linkcode command}.
   * @throws {RangeError} when a command has no word, or `timeout` is negative or NaN.
   *
   * @example
   * ```ts
   * import type { RESPClient } from "@torsion/reactor/resp";
   *
   * async function move(client: RESPClient, amount: number) {
   *   await client.transaction([["DECRBY", "a", amount], ["INCRBY", "b", amount]]);
   * }
   * ```
   */
  transaction<T>(commands: readonly CommandWords[], options: CommandOptions<T>): Deferred<T>;
  /** Sends commands as one transaction, and returns the replies with all strings as text. */
  transaction(commands: readonly CommandWords[], options?: RequestOptions): Deferred<TextValue>;
  transaction(commands: readonly CommandWords[], options?: ReadOptions): Deferred<unknown> {
    for (const words of commands) checkAllowed(words);
    const all: CommandWords[] = [["MULTI"], ...commands, ["EXEC"]];
    return this.#ask(this.#encode(all), options);
  }

  /**
   * Subscribes to a channel. The subscription ends when it is closed, or with this connection. If a
   * {@linkcode RESPClientFactory} has built the client, it is a subscription of the factory, and
   * continues on the next connection.
   *
   * The command is sent after the login: it waits until {@linkcode prepare} has succeeded.
   *
   * In RESP2, a connection with a subscription carries no other commands than `PING`.
   *
   * @param channel The channel.
   * @param options A handler of messages, or the limits of what is kept for the loop; `timeout` and
   *   `signal`.
   * @returns A Deferred of the subscription, which fires when the server has confirmed it. It fails
   *   with a {@linkcode RESPError} if the server refuses, and with a {@linkcode RequestFailure} if
   *   it does not confirm in time or the connection is lost. Cancelling it closes the subscription.
   * @throws {RangeError} when a limit is negative or not an integer, or `timeout` is negative or
   *   NaN.
   * @throws {TypeError} when a handler is not a function.
   */
  subscribe(channel: string, options: SubscribeOptions = {}): Deferred<Subscription> {
    return this.#subscribe("channel", channel, options);
  }

  /**
   * Subscribes to all channels whose names fit a pattern, such as `news.*`. See
   * {@linkcode subscribe}.
   */
  psubscribe(pattern: string, options: SubscribeOptions = {}): Deferred<Subscription> {
    return this.#subscribe("pattern", pattern, options);
  }

  /** Subscribes to a shard channel of a cluster. See {@linkcode subscribe}. */
  ssubscribe(channel: string, options: SubscribeOptions = {}): Deferred<Subscription> {
    return this.#subscribe("shard", channel, options);
  }

  /** Starts the heartbeat. */
  override connectionMade(): void {
    // Otherwise, prepare() sends the subscriptions after the login.
    if (this.#ownsSubscriptions && !needsLogin(this.#login)) {
      // The loss of the connection ends all subscriptions, and each of them reports it.
      this.#subscriptions.attach(this.#sender).addErrback((error) => {
        this.transport.abortConnection(error);
      });
    }
    const { clock, heartbeat = DEFAULT_HEARTBEAT } = this.#options;
    if (heartbeat === null) return;
    this.#heartbeat = new Heartbeat(clock, this.transport, {
      ...heartbeat,
      send: () => this.#command(["PING"]).addErrback(ignoreAnswer),
    });
    this.#heartbeat.start();
  }

  /** Notes that the server is alive, and decodes what has arrived. */
  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    return super.dataReceived(data);
  }

  /** Aborts the connection, with the violation of the format as the reason. */
  override decodingFailed(error: FramingError): void {
    this.transport.abortConnection(this.#withoutPassword(error));
  }

  /** Passes a reply to its command, and a message to its subscriptions. */
  override frameReceived({ kind, value }: RESPMessage): void {
    if (kind === "push") return this.#pushed(value);
    if (this.#isPubSub(value)) return this.#notified(pubSubEventIn(value));
    this.#replied(value);
  }

  /** Fails the commands that have not been answered. */
  override connectionLost(reason: Error): void {
    this.#lost = reason;
    this.#heartbeat?.stop();
    this.#subscriptions.detach(this.#sender);
    this.#requests.connectionLost(reason);
    if (this.#ownsSubscriptions) this.#subscriptions.loseAll(reason);
  }

  /** Returns an error that does not quote a line with the password, which a server may repeat. */
  #withoutPassword(error: FramingError): FramingError {
    const { password = "" } = this.#login;
    if (password === "" || !error.message.includes(password)) return error;
    return new FramingError("Cannot receive a RESP message: a line is not valid", error.offset);
  }

  #command(words: CommandWords, options?: ReadOptions): Deferred<unknown> {
    return this.#ask(this.#encode([words]), options);
  }

  #encode(commands: readonly CommandWords[]): Outgoing {
    for (const words of commands) this.#encoder.command(words);
    return { bytes: this.#encoder.take(), replies: commands.length, confirmation: null };
  }

  #ask(outgoing: Outgoing, options: ReadOptions = {}): Deferred<unknown> {
    const { read = asTextValue } = options;
    checkFunction("command() read", read);
    return this.#request(outgoing, options).addCallback(read);
  }

  #sendSubscription(verb: string, name: string): SubscriptionCommand {
    const outgoing = { ...this.#encode([[verb, name]]), confirmation: `${verb}:${name}` };
    // A confirmation that came after a timeout would be lost. The caller's wait has one.
    const confirmed = this.#request(outgoing, { timeout: Infinity });
    return { confirmed, isSent: () => outgoing.bytes === SENT };
  }

  #request(outgoing: Outgoing, options: RequestOptions): Deferred<RESPValue> {
    return this.#requests.request(outgoing, options, outgoing.bytes.length);
  }

  #send(outgoing: Outgoing): void {
    const { transport } = this;
    const { bytes } = outgoing;
    this.#sent.push(outgoing);
    outgoing.bytes = SENT;
    transport.write(bytes);
  }

  #subscribe(
    kind: SubscriptionKind,
    name: string,
    options: SubscribeOptions,
  ): Deferred<Subscription> {
    if (this.#lost !== null) return fail(new RequestLost(this.#lost, false));
    return this.#subscriptions.add(kind, name, options);
  }

  #replied(value: RESPValue): void {
    const awaited = this.#sent.first;
    if (awaited === undefined) throw unexpected(value);
    if (awaited.confirmation !== null && !(value instanceof RESPError)) {
      return this.#settle(new UnexpectedReply("a confirmation", value));
    }
    if (awaited.replies === 1) return this.#settle(value);
    this.#replies.push(value);
    if (this.#replies.length < awaited.replies) return;
    const replies = this.#replies;
    this.#replies = [];
    this.#settle(outcomeOf(replies));
  }

  /** Answers the oldest request. */
  #settle(outcome: RESPValue | UnexpectedReply): void {
    this.#sent.shift();
    if (outcome instanceof Error) this.#requests.fail(outcome);
    else this.#requests.answer(outcome);
  }

  /** Whether a reply of RESP2 is a message or a confirmation: it is an array like any other. */
  #isPubSub(value: RESPValue): value is RESPValue[] {
    if (this.#version === 3 || !Array.isArray(value)) return false;
    const awaited = this.#sent.first?.confirmation ?? null;
    const isExpected = this.#confirmed.size > 0 || awaited !== null;
    return isExpected && isPubSubEvent(value);
  }

  #pushed(value: RESPValue[]): void {
    if (isPubSubEvent(value)) return this.#notified(pubSubEventIn(value));
    const { push } = this.#options;
    if (push === undefined) return;
    const kind = verbOf(value);
    const data = value.slice(1).map(asTextValue);
    callLogged(push, [kind, data], `Error while calling push of a RESPClient for ${quote(kind)}`);
  }

  /** Handles a message, or the confirmation of a subscription or of its end. */
  #notified(event: PubSubEvent): void {
    const { kind, name } = event;
    if (event.type === "message") {
      return this.#subscriptions.published(kind, name, event.channel, event.bytes);
    }
    const isAwaited = this.#sent.first?.confirmation === event.confirmation;
    const topic = `${kind}:${name}`;
    if (event.type === "remove") this.#confirmed.delete(topic);
    else if (isAwaited) this.#confirmed.add(topic);
    if (isAwaited) this.#settle(null);
    else if (event.type === "remove") this.#subscriptions.ended(kind, name);
  }
}

/** Returns the result of a transaction, for the replies to MULTI, the commands and EXEC. */
function outcomeOf(replies: readonly RESPValue[]): RESPValue {
  const result = replies.at(-1) ?? null;
  if (!(result instanceof RESPError)) return result;
  return replies.find((each) => each instanceof RESPError) ?? result;
}

/** Returns the error for a reply to no command. A server may refuse a connection that way. */
function unexpected(value: RESPValue): Error {
  if (value instanceof RESPError) return value;
  return new UnexpectedAnswer("Cannot accept a reply: no command is in flight");
}

/** Ignores an error with which the server has answered: it is alive. */
function ignoreAnswer(error: Error): void {
  if (!(error instanceof RESPError)) throw error;
}

function checkAllowed([name, subcommand]: CommandWords): void {
  const word = String(name).toUpperCase();
  const both = word === "CLIENT" ? `${word} ${String(subcommand).toUpperCase()}` : word;
  const reason = REFUSED.get(both);
  if (reason !== undefined) throw new TypeError(`Cannot send ${both} as a command: ${reason}`);
}
