import type { Deferred } from "../../defer/mod.ts";
import type { StartTLSOptions } from "../../reactor/interfaces/mod.ts";
import { AmpBox, type IBoxSender } from "./amp_box.ts";
import { BaseCommand, type CallOptions, type CommandCaller } from "./base_command.ts";
import { BinaryBoxProtocol } from "./binary_box_protocol.ts";
import { callToChange, connectionOf } from "./connection_change.ts";
import { RemoteAmpError } from "./errors.ts";
import type { EmptySchema } from "./schema.ts";

/** The code of the answer if TLS has been started already. */
const TLS_ERROR = "TLS_ERROR";

/** Options of TLS on a connection of AMP, except for the bytes that have already been received. */
export type TLSCallOptions = Omit<StartTLSOptions, "received">;

/** The answer to {@linkcode StartTLS}: the last box without TLS. */
class TLSBox extends AmpBox {
  readonly #options: TLSCallOptions;

  constructor(options: TLSCallOptions) {
    super();
    this.#options = options;
  }

  override sendTo(sender: IBoxSender): void {
    const connection = connectionOf(sender);
    super.sendTo(connection);
    connection.startTLS(this.#options);
  }
}

/** The class of {@linkcode StartTLS}. Another name on the wire is another command. */
export class StartTLSCommand
  extends BaseCommand<TLSCallOptions, Deferred<void>, EmptySchema, TLSCallOptions> {
  /**
   * Creates a command.
   *
   * @param name The name on the wire.
   */
  constructor(name: string = "StartTLS") {
    super(name, {});
  }

  /** Sends the command, and starts TLS when the peer has agreed. */
  override send(
    caller: CommandCaller,
    args: TLSCallOptions,
    options: CallOptions,
  ): Deferred<void> {
    const connection = connectionOf(caller.boxSender);
    connection.checkCanStartTLS();
    return callToChange(caller, this.commandName, new AmpBox(), options, {
      begin: () => connection.prepareTLS(),
      complete: () => connection.startTLS(args),
      refused: (reason) => connection.abandonTLS(reason),
    }).addErrback((error) => {
      throw error instanceof RemoteAmpError ? this.localErrorOf(error) : error;
    });
  }

  /** Returns no arguments: the options of TLS are not sent. */
  override parseArguments(): EmptySchema {
    return {};
  }

  /**
   * Returns the answer, which starts TLS when it has been sent.
   *
   * @throws {RemoteAmpError} when TLS has been started already.
   */
  override makeResponse(result: TLSCallOptions, protocol: object | null = null): AmpBox {
    if (protocol instanceof BinaryBoxProtocol && protocol.transport.tlsStarted) {
      throw new RemoteAmpError(TLS_ERROR, "TLS has been started already");
    }
    return new TLSBox(result);
  }
}

/**
 * The command that starts TLS. Twisted's `StartTLS`.
 *
 * The caller passes the options of TLS for its side, and the responder returns those for its side.
 * They are not sent. In Twisted they are `tls_localCertificate` and `tls_verifyAuthorities`.
 *
 * What the caller sends after the command waits for TLS, and is never sent without it: if the peer
 * refuses while something waits, the connection is aborted. Otherwise the call fails, and the
 * connection continues without TLS. When the handshake fails, the connection is lost.
 *
 * There is no responder by default. Twisted has one that makes a certificate which no client can
 * verify.
 *
 * @example
 * ```ts
 * import { AMP, StartTLS } from "@torsion/reactor/amp";
 *
 * class Server extends AMP {
 *   constructor(cert: string, key: string) {
 *     super();
 *     this.responder(StartTLS, () => ({ cert, key }));
 *   }
 * }
 *
 * async function protect(client: AMP, caCert: string): Promise<void> {
 *   await client.callRemote(StartTLS, { serverName: "example.org", caCerts: [caCert] });
 *   // Calls are encrypted from here on.
 * }
 * ```
 */
export const StartTLS: StartTLSCommand = new StartTLSCommand();
