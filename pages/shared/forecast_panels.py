"""The outlook of one patient: transplant-free survival from the latest visit on, and how well such predictions fit."""

import streamlit as st

from analytics.catalog.constants import MONTH, YEAR
from analytics.cohort import Cohort
from analytics.figures.outlook import plot_calibration, plot_prediction
from analytics.figures.survival import make_axis
from analytics.forecast import forecast_patient
from analytics.patient import select_patient
from analytics.survival.prediction import Prediction, SuperModel
from pages.shared import cohorts, controls, output, store

ENDS = ("death", "transplant")


def show_forecast(view: cohorts.View, usubjid: str) -> None:
    """The prediction with its calibration; in words where there is none."""
    st.subheader("Outlook: transplant-free survival from the latest visit")
    forecast = store.forecast(view.cohort.study, controls.units())
    if forecast.model is None:
        st.caption(f"No prediction is shown. {forecast.reason}")
        return
    found, day, values = forecast_patient(forecast, usubjid)
    if found is None:
        reason = "age, bilirubin or albumin was never measured" if not values else "the latest visit is too late"
        st.caption(f"No prediction is shown for this patient: {reason}.")
        return
    left, right = st.columns(2)
    with left:
        draw_prediction(found, day, forecast.model, (view.cohort.study, usubjid))
    with right:
        st.markdown("**Do such predictions fit?** Predicted against observed, each patient left out of the model")
        figure = plot_calibration(forecast.calibration, controls.theme())
        command = output.figure_command("calibration", Cohort(view.cohort.study))
        output.show_figure(figure, "calibration", "Predicted against observed survival", forecast.calibration, command)
    show_basis(view, forecast.model, usubjid, values)


def draw_prediction(found: Prediction, day: int, model: SuperModel, who: tuple[str, str]) -> None:
    """The curve and its number at the horizon."""
    ahead = model.horizon / YEAR
    ends = (
        "" if found.lower is None or found.upper is None else f" ({100 * found.lower:.0f} to {100 * found.upper:.0f} %)"
    )
    when = f"{ahead:.0f} years" if ahead > 1 else f"{model.horizon / MONTH:.0f} months"
    st.markdown(f"**{100 * found.survival:.0f} %{ends} alive without transplant {when} after day {day}**")
    axis = make_axis(model.horizon, f"day {day}, the latest visit")
    figure = plot_prediction(found.curve, axis, controls.theme())
    study, usubjid = who
    command = output.figure_command("forecast", Cohort(study), f"--patient {usubjid}")
    output.show_figure(figure, f"forecast_{usubjid}", f"Predicted survival of {usubjid}", found.curve, command)


def show_basis(view: cohorts.View, model: SuperModel, usubjid: str, values: dict[str, float]) -> None:
    """What the prediction rests on, and what became of the patient."""
    ends = select_patient(view.events, usubjid)
    ends = ends.filter(ends["kind"].is_in(ENDS)).sort("day")
    fate = f" In fact: {ends['kind'][0]} on day {ends['day'][0]}." if ends.height else ""
    shown = ", ".join(f"{label} {value:.3g}" for label, value in values.items())
    size = f"{model.patients} patients of this study, {model.events} with an event"
    st.caption(
        f"Landmark super-model ({size}; a landmark every half year, robust errors), from: {shown}.{fate} The limits "
        "are those of the estimate for patients like this one, not of this patient's fate. The patient is part "
        "of the study. "
        "Exploratory: no basis for a decision about treatment."
    )
