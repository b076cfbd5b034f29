# The whole job by data.table and survival, on two threads.
suppressMessages({library(data.table); library(survival)})
setDTthreads(2)
folder <- commandArgs(TRUE)[1]
start <- proc.time()[["elapsed"]]
subjects <- fread(file.path(folder, "subjects.csv"))
events <- fread(file.path(folder, "events.csv"))
labs <- fread(file.path(folder, "labs.csv"), colClasses = list(character = "aval"))
labs[, aval := suppressWarnings(as.numeric(aval))]
labs <- labs[!is.na(aval)]
read <- proc.time()[["elapsed"]] - start
labs[, visit := as.integer(round(day / 30))]
labs <- labs[abs(day - visit * 30L) <= 14]
wide <- dcast(labs, usubjid + visit ~ paramcd, value.var = "aval")
days <- labs[, .(day = day[.N]), by = .(usubjid, visit)]
wide <- days[wide, on = c("usubjid", "visit")]
setorder(wide, usubjid, visit)
near <- wide$usubjid == shift(wide$usubjid, fill = "") & (wide$day - shift(wide$day, fill = 0L)) <= 30L
for (grade in c("ascites_grade", "he_grade")) {
  before <- shift(wide[[grade]]); before[!near] <- NA
  set(wide, j = grade, value = fcoalesce(wide[[grade]], before))
}
band <- function(x, low, high) 1 + (x >= low) + (x > high)
half <- function(x) floor(round(x, 9) + 0.5)
raw <- 9.57 * log(pmin(pmax(wide$creatinine, 1), 4)) + 3.78 * log(pmax(wide$bilirubin, 1)) +
  11.2 * log(pmax(wide$inr, 1)) + 6.43
first <- pmin(half(raw), 40)
deficit <- 137 - pmin(pmax(wide$sodium, 125), 137)
meld <- ifelse(first > 11, first + 1.32 * deficit - 0.033 * first * deficit, ifelse(is.na(deficit), NA, first))
meld <- pmin(pmax(half(meld), 6), 40)
pugh <- band(wide$bilirubin, 2, 3) + 4 - band(wide$albumin, 2.8, 3.5) + band(wide$inr, 1.7, 2.3) +
  c(1, 2, 3, 3)[wide$ascites_grade + 1] + band(wide$he_grade, 1, 2)
base <- labs[day <= 0 & day >= -90][order(day), .(base = aval[.N]), by = .(usubjid, paramcd)]
labs[base, base := i.base, on = c("usubjid", "paramcd")]
labs[day > 0, chg := aval - base]
labs[subjects, arm := i.arm, on = "usubjid"]
means <- labs[, .(mean = mean(chg, na.rm = TRUE)), by = .(paramcd, arm, visit)]
subjects[, event := usubjid %in% events[kind == "death", usubjid]]
curve <- survfit(Surv(last_contact_day, event) ~ 1, data = subjects[arm == "ABMi"], conf.type = "log-log")
test <- survdiff(Surv(last_contact_day, event) ~ arm, data = subjects)
seconds <- proc.time()[["elapsed"]] - start
tell <- function(name, value) cat("RESULT", name, format(value, digits = 15), "\n")
tell("seconds", seconds)
tell("analysis", seconds - read)
tell("changes", sum(!is.na(labs$chg)))
tell("mean", means[paramcd == "bilirubin" & arm == "ABMi" & visit == 2, mean])
tell("meld_na", mean(meld, na.rm = TRUE))
tell("child_pugh", mean(pugh, na.rm = TRUE))
tell("survival", summary(curve, times = 365)$surv)
tell("chi_square", test$chisq)
