/**
 * HAProxy and nginx in front of a port of a test.
 *
 * @module
 */

import { type InteropFixture, NGINX } from "./tool.ts";

/** Writes a configuration to a folder that is removed after the test. @returns Its path. */
function configuration(fixture: InteropFixture, text: string): string {
  const path = fixture.path("proxy.cfg");
  Deno.writeTextFileSync(path, text);
  return path;
}

/** Returns a port that is free. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Starts HAProxy, which forwards to a port.
 *
 * @param fixture The fixture of the test.
 * @param listen What follows `bind`: a path, and options.
 * @param server What follows the server's address: `send-proxy`, and options.
 * @param port The port to forward to.
 */
export async function startHAProxy(
  fixture: InteropFixture,
  listen: string,
  server: string,
  port: number,
): Promise<void> {
  const text = `
defaults
  mode tcp
  timeout connect 10s
  timeout client 10s
  timeout server 10s
  unique-id-format %{+X}o\\ id-%ci
frontend front
  bind ${listen}
  default_backend back
backend back
  server one 127.0.0.1:${port} ${server}
`;
  // With -W, a second process reports that the first one listens. Both end together.
  const program = fixture.startAloud("-W", "-db", "-f", configuration(fixture, text));
  await program.line(/Loading success/);
}

/**
 * Starts nginx, which forwards to a port.
 *
 * @param fixture The fixture of the test.
 * @param listen What follows `listen`.
 * @param port The port to forward to.
 * @param options Further directives of the server.
 */
export async function startNginx(
  fixture: InteropFixture,
  listen: string,
  port: number,
  options = "",
): Promise<void> {
  const pid = fixture.path("nginx.pid");
  const text = `
daemon off;
master_process off;
pid ${pid};
error_log stderr notice;
load_module ${NGINX.file};
events { worker_connections 100; }
stream {
  server {
    listen ${listen};
    proxy_pass 127.0.0.1:${port};
    proxy_protocol on;
    ${options}
  }
}
`;
  await startConfigured(fixture, text);
}

/**
 * Starts nginx, which forwards the requests of HTTP to a port, on connections that it keeps open.
 *
 * @param fixture The fixture of the test.
 * @param front The port on which nginx listens.
 * @param port The port to forward to.
 */
export async function startNginxHTTP(
  fixture: InteropFixture,
  front: number,
  port: number,
): Promise<void> {
  const folder = fixture.folder();
  const text = `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 100; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream back {
    server 127.0.0.1:${port};
    keepalive 4;
  }
  server {
    listen 127.0.0.1:${front};
    location / {
      proxy_pass http://back;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }
  }
}
`;
  await startConfigured(fixture, text);
}

async function startConfigured(fixture: InteropFixture, text: string): Promise<void> {
  const program = fixture.startAloud("-e", "stderr", "-c", configuration(fixture, text));
  // It listens by now.
  await program.line(/using the "epoll" event method/);
}
