/**
 * The attributes of a connection's socket: addresses, options and TLS session.
 *
 * @module
 */

import { UnsupportedError } from "../errors.ts";
import type { Address, PeerCertificate } from "../interfaces/mod.ts";
import { checkKeepAliveIdle } from "../../internal/validation.ts";
import type { TLSSession } from "../tls/tls_engine.ts";
import type { StreamDriver } from "./stream_driver.ts";

/** The part of a connection that reads and sets the attributes of its socket. */
export abstract class SocketAttributes {
  /** The driver that transfers the bytes of the connection. */
  protected driver: StreamDriver;
  #noDelay = false;
  #keepAlive: boolean;

  /** @param driver The driver that moves the bytes. */
  constructor(driver: StreamDriver) {
    this.driver = driver;
    this.#keepAlive = driver.keepsAlive ?? false;
  }

  /** Whether the connection is open. */
  abstract readonly connected: boolean;

  getPeer(): Address {
    return this.driver.getPeer();
  }

  getHost(): Address {
    return this.driver.getHost();
  }

  setTcpNoDelay(enabled: boolean): void {
    this.#noDelay = enabled;
    if (this.connected) this.driver.setNoDelay?.(enabled);
  }

  getTcpNoDelay(): boolean {
    return this.#noDelay;
  }

  setTcpKeepAlive(enabled: boolean, idle?: number): void {
    if (idle !== undefined) this.#checkKeepAliveIdle(idle);
    this.#keepAlive = enabled;
    if (!this.connected) return;
    if (enabled && idle !== undefined) this.driver.setKeepAliveIdle?.(idle);
    else this.driver.setKeepAlive?.(enabled);
  }

  getTcpKeepAlive(): boolean {
    return this.#keepAlive;
  }

  get secure(): boolean {
    return this.#session !== null;
  }

  get tlsStarted(): boolean {
    return this.driver.session !== undefined;
  }

  get negotiatedProtocol(): string | null {
    return this.#session?.negotiatedProtocol ?? null;
  }

  getPeerCertificate(): PeerCertificate | null {
    return this.#session?.peerCertificate ?? null;
  }

  get #session(): TLSSession | null {
    return this.driver.session ?? null;
  }

  #checkKeepAliveIdle(idle: number): void {
    checkKeepAliveIdle("setTcpKeepAlive() idle", idle);
    if (this.driver.setKeepAliveIdle === undefined) {
      throw new UnsupportedError(
        `Cannot set the keep-alive idle time of the connection to ${this.getPeer()}: it can only be set when a TCP connection opens; listen or connect over TCP with { keepAlive: ${idle} }`,
      );
    }
  }
}
