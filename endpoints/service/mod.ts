/**
 * Services: what is started when a program starts, and stopped when it ends. Twisted: `twisted.application.service` and
 * `twisted.application.internet`.
 *
 * A {@linkcode Service} by itself, a {@linkcode MultiService} made of others, a server on an endpoint
 * ({@linkcode StreamServerEndpointService}), a connection that is kept ({@linkcode ClientService}), calls at intervals
 * ({@linkcode TimerService}); and {@linkcode startApplication}, which ties one to a reactor's life. They have a room of their own,
 * because they are built of endpoints, and no endpoint needs one.
 *
 * Not here: `Application`, `Process` and all else that serves `twistd`, which loads a program from a file, changes its user and runs it in
 * the background: a program in Deno is started by Deno. `TCPServer` and its like: Twisted's documentation points to
 * `StreamServerEndpointService` and `ClientService`, which serve any endpoint. `CooperatorService`: a `Cooperator` is started by its first
 * task, and `MultiService` stops anything with a `stopService()`.
 *
 * @module
 */

export { backoffPolicy, type BackoffPolicyOptions, type RetryPolicy } from "./backoff_policy.ts";
export {
  ClientService,
  type ClientServiceOptions,
  type WhenConnectedOptions,
} from "./client_service.ts";
export type { IService, IServiceCollection } from "./interfaces.ts";
export { MultiService, ServicesNotStopped } from "./multi_service.ts";
export { Service } from "./service.ts";
export { startApplication } from "./start_application.ts";
export {
  StreamServerEndpointService,
  type StreamServerEndpointServiceOptions,
} from "./stream_server_endpoint_service.ts";
export { TimerService } from "./timer_service.ts";
