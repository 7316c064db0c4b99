import "@angular/compiler"
import { Component, type TemplateRef, ViewChild, ViewContainerRef, type ViewRef, signal } from "@angular/core"
import { bootstrapApplication } from "@angular/platform-browser"
import { CandidateIntelligence } from "docs"
import { JONAS, LENA, MARA, goTo, onRoute, switchTheme } from "./ats.js"

// The view of a tab is detached and inserted again, as by the router's RouteReuseStrategy.
@Component({
  selector: "#app",
  imports: [CandidateIntelligence],
  template: `
    <nav>
      <button (click)="goTo(MARA)">Mara</button>
      <button (click)="goTo(JONAS)">Jonas</button>
      <button (click)="show('report')">Report</button>
      <button (click)="show('cv')">CV</button>
      <button (click)="glance.set(true)">Glance at Lena</button>
      <button (click)="switchTheme()">Theme</button>
      <output>{{ state() }}</output>
    </nav>
    <ng-container #tab />
    <ng-template #report>
      <app-candidate-intelligence [candidateId]="candidate()" (state)="state.set($event)" />
    </ng-template>
    <ng-template #cv><p>Ten years of assembly</p></ng-template>
    @if (glance()) {
      <dialog #dialog (close)="glance.set(false)">
        <form method="dialog"><button>Done</button></form>
        <app-candidate-intelligence [candidateId]="LENA" />
      </dialog>
    }
  `,
})
class Profile {
  @ViewChild("tab", { read: ViewContainerRef, static: true }) place!: ViewContainerRef
  @ViewChild("report", { static: true }) report!: TemplateRef<unknown>
  @ViewChild("cv", { static: true }) cv!: TemplateRef<unknown>
  views: Record<string, ViewRef> = {}

  readonly candidate = signal(MARA)
  readonly glance = signal(false)
  readonly state = signal("")
  readonly MARA = MARA
  readonly JONAS = JONAS
  readonly LENA = LENA
  readonly goTo = goTo
  readonly switchTheme = switchTheme

  @ViewChild("dialog") set dialog(dialog: { nativeElement: HTMLDialogElement } | undefined) {
    dialog?.nativeElement.showModal()
  }

  constructor() {
    onRoute((id: string) => this.candidate.set(id))
  }

  ngOnInit() {
    this.show("report")
  }

  show(name: "report" | "cv") {
    if (this.place.length) this.place.detach()
    this.views[name] ??= this[name].createEmbeddedView({})
    this.place.insert(this.views[name])
  }
}

export const start = () => bootstrapApplication(Profile)
