/**
 * Services: parts of a program that are started when it starts, and stopped when it ends. Twisted's
 * `twisted.application.service` and `twisted.application.internet`.
 *
 * This module has {@linkcode Service}, the base class; {@linkcode MultiService}, a container of
 * services; {@linkcode StreamServerEndpointService}, a server on an endpoint;
 * {@linkcode ClientService}, a client that stays connected; {@linkcode TimerService}, a function
 * that is called at intervals; and {@linkcode startApplication}, which ties a service to the life
 * of a reactor. They are in a folder of their own because they are built on endpoints, and no
 * endpoint needs them.
 *
 * `Application`, `Process` and the other parts of `twistd` are not here: Deno starts programs, and
 * a service manager changes the user and runs them in the background. In place of `TCPServer` and
 * its like, use `StreamServerEndpointService` and `ClientService`, which work with any endpoint, as
 * Twisted's documentation also recommends. In place of `CooperatorService`, use a `Cooperator`,
 * which starts with its first task.
 *
 * @module
 */

export { backoffPolicy, type BackoffPolicyOptions, type RetryPolicy } from "./backoff_policy.ts";
export type { ClientRequestOptions } from "./client_request.ts";
export {
  ClientService,
  type ClientServiceOptions,
  type WhenConnectedOptions,
} from "./client_service.ts";
export {
  HTTPService,
  type HTTPServiceHandler,
  type HTTPServiceInfo,
  type HTTPServiceOptions,
} from "./http_service.ts";
export type { IService, IServiceCollection } from "./interfaces.ts";
export { MultiService, ServicesNotStopped } from "./multi_service.ts";
export { Service } from "./service.ts";
export { startApplication } from "./start_application.ts";
export {
  StreamServerEndpointService,
  type StreamServerEndpointServiceOptions,
} from "./stream_server_endpoint_service.ts";
export { TimerService } from "./timer_service.ts";
