// similar.ts - while somebody types the name of a new record: who is there
// already under nearly that name. It says so and hinders nothing. Nothing is
// asked within a composition of an input method (E10).
import { getJson } from "./api.ts";
import { debounce, make, ownAddress } from "./dom.ts";

interface Answer {
  title: string;
  records: { label: string; text: string; owner?: string; url: string }[];
  others: string[];
}

const LEAST = 2; // characters; the server asks for more of Latin text

export class Similar {
  private readonly input: HTMLInputElement;
  private composing = false;
  private asked = "";
  private stop = new AbortController();
  private readonly ask = debounce(() => void this.load(), 300);

  constructor(private readonly root: HTMLElement) {
    const id = root.dataset["for"] ?? "";
    this.input = document.getElementById(id) as HTMLInputElement;
    if (!this.input) return;
    this.input.addEventListener("compositionstart", () => {
      this.composing = true;
    });
    this.input.addEventListener("compositionend", () => {
      this.composing = false;
      this.ask();
    });
    this.input.addEventListener("input", () => {
      if (!this.composing) this.ask();
    });
  }

  private async load(): Promise<void> {
    const text = this.input.value.trim();
    if (this.composing || text === this.asked) return;
    this.asked = text;
    this.stop.abort();
    this.stop = new AbortController();
    const address = ownAddress(this.root.dataset["similarUrl"]);
    if (!address || text.length < LEAST) return this.show(null);
    try {
      this.show(
        await getJson<Answer>(
          `${address}?q=${encodeURIComponent(text)}`,
          this.stop.signal,
        ),
      );
    } catch {
      this.show(null); // a hint that does not come is no fault of the form
    }
  }

  private show(answer: Answer | null): void {
    const found = answer && answer.records.length + answer.others.length > 0;
    this.root.hidden = !found;
    this.root.replaceChildren();
    if (!answer || !found) return;
    if (answer.records.length) {
      const list = make("ul");
      for (const record of answer.records)
        list.append(
          make(
            "li",
            {},
            make(
              "a",
              {
                href: ownAddress(record.url) ?? "/",
                target: "_blank",
                rel: "noopener",
              },
              record.text || record.label,
            ),
            record.owner ? ` · ${record.owner}` : "",
          ),
        );
      this.root.append(make("p", {}, answer.title), list);
    }
    for (const text of answer.others) this.root.append(make("p", {}, text));
  }
}
