import { cancelSuite } from "./exchange_cancel.ts";
import { WAYS } from "./way.ts";

for (const way of WAYS) {
  if (way.isDirect) cancelSuite(way);
}
