/**
 * The choice of a server's certificate by the name that a client requests.
 *
 * @module
 */

import type { SecureContext } from "node:tls";
import { FailureCounter } from "../../../log/failure_counter.ts";
import type { TLSCertificate, TLSServerOptions } from "../../interfaces/mod.ts";
import { asError, isThenable, logUserError } from "../../../defer/guarded_call.ts";
import { checkFunction, quote } from "../../../internal/validation.ts";
import { tlsMaterial } from "./tls_material.ts";
import { tlsModule } from "./builtin_modules.ts";

/** One handshake that needs a certificate. */
export interface CertificateRequest {
  /** The server name that the client requests; `""` if the client requests none. */
  readonly serverName: string;
  /** Continues the handshake with the chosen certificate. Called once, at once or later. */
  answer(context: SecureContext): void;
  /** Fails the handshake; {@linkcode answer} follows, so that the peer receives an alert. */
  failed(reason: Error): void;
}

type Certificates = NonNullable<TLSServerOptions["certificates"]>;

/**
 * The number of failures of each `certificates` option. Each connection that calls `startTLS` has
 * its own CertificateChoice, so the counters are shared here.
 */
const failures = new WeakMap<Certificates, FailureCounter>();

/** Calls the `certificates` option, and prepares each certificate once. */
export class CertificateChoice {
  readonly #certificates: Certificates;
  /** The certificate for server names for which the `certificates` function returns `undefined`. */
  readonly #own: TLSCertificate | undefined;
  readonly #caCerts: readonly string[];
  readonly #prepared = new WeakMap<TLSCertificate, SecureContext>();

  /**
   * Creates the choice of a port.
   *
   * @param certificates The option.
   * @param options The other options of the port, already checked.
   * @throws {TypeError} If `certificates` is not a function.
   */
  constructor(
    certificates: Certificates,
    { cert, key, caCerts = [] }: TLSServerOptions,
  ) {
    checkFunction("certificates", certificates);
    this.#certificates = certificates;
    this.#own = cert === undefined && key === undefined
      ? undefined
      : { ...cert === undefined ? {} : { cert }, ...key === undefined ? {} : { key } };
    this.#caCerts = caCerts;
  }

  /** Chooses the certificate of a handshake, or fails the handshake. Never throws. */
  choose(request: CertificateRequest): void {
    try {
      const chosen = this.#certificates(request.serverName);
      if (!isThenable(chosen)) return this.#accept(request, chosen);
      Promise.resolve(chosen)
        .then((certificate) => this.#accept(request, certificate))
        .catch((error) => this.#refuse(request, error));
    } catch (error) {
      this.#refuse(request, error);
    }
  }

  #accept(request: CertificateRequest, chosen: TLSCertificate | undefined): void {
    const certificate = chosen ?? this.#own;
    if (certificate !== undefined) return request.answer(this.#prepare(certificate));
    request.failed(new Error(`there is no certificate for ${quote(request.serverName)}`));
    this.#answerWithout(request);
  }

  #refuse(request: CertificateRequest, error: unknown): void {
    this.#log(error, request.serverName);
    request.failed(asError(error));
    this.#answerWithout(request);
  }

  /**
   * Logs the first failure, the tenth, the hundredth and so on, because clients choose the names.
   * Each failure also fails its handshake.
   */
  #log(error: unknown, serverName: string): void {
    const counter = failures.getOrInsertComputed(this.#certificates, () => new FailureCounter());
    if (!counter.add()) return;
    logUserError(error, `Error while calling certificates for ${quote(serverName)}${counter}`);
  }

  /**
   * Answers without a certificate, so that the engine sends an alert. An error passed to the engine
   * would abort the process.
   */
  #answerWithout(request: CertificateRequest): void {
    try {
      request.answer(tlsModule().createSecureContext());
    } catch (error) {
      request.failed(asError(error));
    }
  }

  #prepare(certificate: TLSCertificate): SecureContext {
    let context = this.#prepared.get(certificate);
    if (context === undefined) {
      const { cert, key } = certificate;
      const material = tlsMaterial({ cert, key, caCerts: this.#caCerts });
      if (material.cert === undefined) {
        throw new TypeError(
          "Cannot use the return value of certificates: it has neither cert nor key",
        );
      }
      context = tlsModule().createSecureContext(material);
      this.#prepared.set(certificate, context);
    }
    return context;
  }
}
