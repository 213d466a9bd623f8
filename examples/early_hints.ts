/** 103 Early Hints: says what the page will need before the page is there. */
import type { Handler } from "@tandem/http/h2";

/** Answers with a page after some thought, and with hints at once. */
export const page: Handler = async (_request, exchange) => {
  exchange.sendInterim(103, { link: "</style.css>; rel=preload; as=style" });
  const body = await renderSlowly();
  return new Response(body, { headers: { "content-type": "text/html" } });
};

async function renderSlowly(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return "<!doctype html><link rel=stylesheet href=/style.css><p>Hello";
}
