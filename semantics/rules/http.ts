import type { Rule } from "./mod.ts";

/** Rules of messages that both protocols share (RFC 9110, RFC 9113 section 8, RFC 9114 section 4, RFC 8441). */
export const HTTP_RULES = {
  // RFC 9110: HTTP itself.
  "9110-5.5": {
    level: "MUST",
    text: "A field value that is sent holds no control octet but the horizontal tab.",
  },
  "9110-6.4.1": { level: "MUST", text: "A response to HEAD and a response 204 or 304 has no content." },
  "9110-6.5.1": {
    level: "MUST",
    text: "Fields that frame, route, authenticate or steer a message are not sent as trailers.",
  },
  "9110-7.2": { level: "MUST", text: "A request has at most one host field." },
  "9110-8.6:syntax": { level: "MUST", text: "A content-length is one decimal number." },
  "9110-8.6:agreement": { level: "MUST", text: "Several content-length values of one message are equal." },
  "9110-8.6:overflow": {
    level: "MUST",
    text: "A content-length is a number that can be counted to exactly.",
  },
  "9110-8.6:status": {
    level: "MUST",
    text: "An interim response, a 204 and a 2xx to CONNECT declare no content length.",
  },
  "9110-9.3.6": { level: "MUST", text: "The target of a CONNECT is a host and a port." },
  "9110-9.3.8": { level: "MUST", text: "A TRACE request that is sent has no content." },
  "9110-15.3.5": { level: "MUST", text: "A 204 response ends with its field section, without trailers." },
  "9110-15.3.6": { level: "MUST", text: "A 205 response that is sent has no content." },
  "9110-15.4.5": { level: "MUST", text: "A 304 response ends with its field section, without trailers." },

  // RFC 9113 section 8 and RFC 9114 section 4: HTTP on streams.
  "9113-8.1:order": { level: "MUST", text: "Content comes after the head of its message." },
  "9113-8.1:incomplete": { level: "MUST", text: "A message has a head, and a response a final one." },
  "9113-8.1:interim": { level: "MUST", text: "An interim response does not end the message." },
  "9113-8.1:trailers": { level: "MUST", text: "A trailer section ends its message." },
  "9113-8.1.1": { level: "MUST", text: "The content is exactly as long as content-length says." },
  "9113-8.2": { level: "MUST", text: "Field names are in lower case." },
  "9113-8.2.1:name": { level: "MUST", text: "A field name is a token." },
  "9113-8.2.1:value": {
    level: "MUST",
    text: "A field value holds no NUL, no line feed, no carriage return and nothing that is not an octet.",
  },
  "9113-8.2.1:padding": {
    level: "MUST",
    text: "A field value neither begins nor ends with a space or a horizontal tab.",
  },
  "9113-8.2.2:connection": {
    level: "MUST",
    text: "There are no connection-specific fields: connection, proxy-connection, keep-alive, " +
      "transfer-encoding, upgrade.",
  },
  "9113-8.2.2:te": { level: "MUST", text: "The field te says nothing but trailers." },
  "9113-8.3:order": { level: "MUST", text: "Pseudo-fields come before all regular fields." },
  "9113-8.3:unknown": {
    level: "MUST",
    text: "There are no pseudo-fields but those that are defined for this kind of message.",
  },
  "9113-8.3:duplicate": { level: "MUST", text: "No pseudo-field occurs twice." },
  "9113-8.3:trailers": { level: "MUST", text: "A trailer section has no pseudo-fields." },
  "9113-8.3.1:missing": { level: "MUST", text: "A request has :method, :scheme and :path." },
  "9113-8.3.1:method": { level: "MUST", text: "The :method is a token." },
  "9113-8.3.1:scheme": { level: "MUST", text: "The :scheme is the name of a URI scheme." },
  "9113-8.3.1:path": {
    level: "MUST",
    text: "The :path begins with a slash, or is an asterisk for OPTIONS, " +
      "and has no fragment, space or control octet.",
  },
  "9113-8.3.1:authority": { level: "MUST", text: "The authority is a host, with or without a port." },
  "9113-8.3.1:userinfo": {
    level: "MUST",
    text: "The authority of an http or https request has no userinfo.",
  },
  "9113-8.3.1:host": { level: "SHOULD", text: "A host field names the same entity as :authority." },
  "9113-8.3.2": { level: "MUST", text: "A response has one :status of three digits, from 100 to 999." },
  "9113-8.5:fields": {
    level: "MUST",
    text: "A CONNECT request has an :authority and neither :scheme nor :path.",
  },
  "9113-8.5:tunnel": { level: "MUST", text: "Only content follows the head of a CONNECT." },
  "9113-8.6": { level: "MUST", text: "The status 101 is not used." },
  "9114-4.1": { level: "MUST", text: "Nothing follows the end of a message." },
  "9114-4.3.1": {
    level: "MUST",
    text: "An http or https request says its authority, in :authority or in host, and it is not empty.",
  },

  // RFC 8441 and RFC 9220: extended CONNECT.
  "8441-3": { level: "MUST", text: "The pseudo-field :protocol is used only where the server enabled it." },
  "8441-4:method": { level: "MUST", text: "The pseudo-field :protocol comes with the method CONNECT only." },
  "8441-4:fields": {
    level: "MUST",
    text: "An extended CONNECT has :scheme, :path and :authority.",
  },
  "8441-4:value": { level: "MUST", text: "The :protocol is the name of a protocol." },
} as const satisfies Record<string, Rule>;
