-- outdial resume: let a campaign that is paused, held or stopped go on.

return require("outdial.commands.switch") {
    name = "resume",
    state = "running",
    summary = "let a campaign that is paused, held or stopped go on",
}
