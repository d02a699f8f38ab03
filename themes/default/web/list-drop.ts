// list-drop.ts - a file dropped on a list is imported into it: sent to the
// address of the menu's "Import", as the page of the upload would.
import { type Problem, upload } from "./api.ts";
import { one } from "./dom.ts";
import { t } from "./texts.ts";
import { toast } from "./toast.ts";

export class ListDrop {
  private depth = 0;

  constructor(private readonly root: HTMLElement) {
    root.addEventListener("dragenter", (event) => this.enter(event, 1));
    root.addEventListener("dragleave", (event) => this.enter(event, -1));
    root.addEventListener("dragover", (event) => {
      if (!this.takes(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    });
    root.addEventListener("drop", (event) => this.drop(event));
  }

  private get address(): string | null {
    return one("a[data-import]", this.root)?.getAttribute("href") ?? null;
  }

  private takes(event: DragEvent): boolean {
    return (
      this.address !== null &&
      (event.dataTransfer?.types.includes("Files") ?? false)
    );
  }

  private enter(event: DragEvent, step: number): void {
    if (!this.takes(event)) return;
    event.preventDefault();
    this.depth = Math.max(0, this.depth + step);
    this.root.classList.toggle("is-drop", this.depth > 0);
  }

  private drop(event: DragEvent): void {
    if (!this.takes(event)) return;
    event.preventDefault();
    this.depth = 0;
    this.root.classList.remove("is-drop");
    const files = event.dataTransfer?.files;
    const file = files?.[0];
    if (!file || !this.address) return;
    if (files.length > 1) {
      toast(t("upload_one"), { kind: "warning" });
      return;
    }
    void this.send(this.address, file);
  }

  private async send(address: string, file: File): Promise<void> {
    const failed = t("upload_failed", { name: file.name });
    const answer = await upload(address, file, () => undefined).catch(
      () => null,
    );
    const data = (answer?.json ?? {}) as {
      location?: string;
      problems?: Problem[];
    };
    if (data.location) location.assign(data.location);
    else toast(data.problems?.[0]?.message ?? failed, { kind: "danger" });
  }
}
