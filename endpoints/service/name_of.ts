import type { IStreamClientEndpoint, IStreamServerEndpoint } from "../interfaces.ts";

/** An endpoint for the log: where it leads or listens, if it can say so, else its class. */
export function nameOf(endpoint: IStreamClientEndpoint | IStreamServerEndpoint): string {
  return endpoint.toString === Object.prototype.toString
    ? endpoint.constructor.name
    : String(endpoint);
}
