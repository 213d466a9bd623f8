import { abortSuite } from "./exchange_abort.ts";
import { clientSuite } from "./exchange_client.ts";
import { endSuite } from "./exchange_end.ts";
import { flowSuite } from "./exchange_flow.ts";
import { passSuite } from "./exchange_pass.ts";
import { serverSuite } from "./exchange_server.ts";
import { tunnelSuite } from "./exchange_tunnel.ts";
import { WAYS } from "./way.ts";

for (const way of WAYS) {
  clientSuite(way);
  serverSuite(way);
  abortSuite(way);
  flowSuite(way);
  passSuite(way);
  tunnelSuite(way);
  endSuite(way);
}
