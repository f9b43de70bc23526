import type { MicrotaskTask } from "../lifecycle/microtask_queue.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import type { OwnedConnection } from "./connection_owner.ts";
import type { SwitchableTransport } from "./protocol_switch.ts";
import type { StreamDriverSink } from "./stream_driver.ts";

/**
 * The roles of a stream connection: the transport of its protocol, the sink of its driver, and a
 * part of its owner and its reactor.
 */
export interface ConnectionRoles
  extends OwnedConnection, SwitchableTransport, StreamDriverSink, ReactorResource, MicrotaskTask {}
