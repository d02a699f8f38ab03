// api.ts - requests to our own server: the CSRF token goes along, a stale one
// is renewed, an ended session is begun again in place (E9).
import { all, ownAddress } from "./dom.ts";
import { signInAgain } from "./sign-in.ts";

export interface Problem {
  code?: string;
  key?: string;
  message: string;
  field?: string | null;
}

export class Offline extends Error {}

export function csrf(): string {
  return (
    document.querySelector<HTMLMetaElement>("meta[name=csrf]")?.content ?? ""
  );
}

/** Takes a new token over, in the page's forms too. */
export function takeCsrf(token: string): void {
  let meta = document.querySelector<HTMLMetaElement>("meta[name=csrf]");
  if (!meta) {
    meta = document.createElement("meta");
    meta.name = "csrf";
    document.head.append(meta);
  }
  meta.content = token;
  for (const input of all<HTMLInputElement>("input[name=_csrf]"))
    input.value = token;
}

function withToken(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  const body = init.body;
  const token = csrf();
  if (init.method && init.method !== "GET") {
    headers.set("X-CSRF-Token", token);
    if (
      (body instanceof FormData || body instanceof URLSearchParams) &&
      body.has("_csrf")
    )
      body.set("_csrf", token);
  }
  return { ...init, headers, credentials: "same-origin" };
}

/** What is to be done about an answer before it is an answer. */
async function mend(
  status: number,
  header: (name: string) => string | null,
): Promise<boolean> {
  const token = header("X-CSRF-Token");
  if (status === 403 && token) {
    takeCsrf(token);
    return true;
  }
  if (status === 401 && header("X-Tenon-Sign-In")) return signInAgain();
  return false;
}

/** As fetch, for our own addresses. Throws Offline where none answers. */
export async function send(
  address: string,
  init: RequestInit = {},
): Promise<Response> {
  const own = ownAddress(address);
  if (!own) throw new Error(`not an own address: ${address}`);
  for (let attempt = 0; ; attempt++) {
    let response: Response;
    try {
      response = await fetch(own, withToken(init));
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      throw new Offline(String(error));
    }
    if (
      attempt < 3 &&
      (response.status === 401 || response.status === 403) &&
      (await mend(response.status, (name) => response.headers.get(name)))
    )
      continue;
    return response;
  }
}

export async function getJson<T>(
  address: string,
  signal?: AbortSignal,
): Promise<T> {
  const response = await send(address, {
    headers: { Accept: "application/json" },
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw new Error(`${response.status}`);
  return (await response.json()) as T;
}

export interface UploadAnswer {
  status: number;
  json: unknown;
}

/** One file as multipart, with progress (fetch tells none). */
export function upload(
  address: string,
  file: File,
  progress: (part: number) => void,
): Promise<UploadAnswer> {
  const once = (): Promise<XMLHttpRequest> =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append("file", file, file.name);
      request.open("POST", address);
      request.setRequestHeader("X-CSRF-Token", csrf());
      request.setRequestHeader("X-Tenon-Request", "form");
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress(event.loaded / event.total);
      });
      request.addEventListener("load", () => resolve(request));
      request.addEventListener("error", () => reject(new Offline("upload")));
      request.send(body);
    });
  const attempt = async (count: number): Promise<UploadAnswer> => {
    const request = await once();
    const header = (name: string): string | null =>
      request.getResponseHeader(name);
    if (count < 3 && (await mend(request.status, header)))
      return attempt(count + 1);
    let json: unknown = null;
    try {
      json = JSON.parse(request.responseText);
    } catch {
      // Not JSON: the status says enough.
    }
    return { status: request.status, json };
  };
  return attempt(0);
}
