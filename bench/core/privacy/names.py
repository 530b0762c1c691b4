"""The settings that identify an evaluation; settings that are not listed here are not recorded.

lm-eval writes `model_args` and `gen_kwargs` verbatim, and they may contain keys, passwords and
headers. So this is a list of allowed names rather than forbidden ones: unforeseen settings are left
out, and reported as such. To record another setting, add its name here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import TypeAlias

__all__ = ["ARGUMENTS", "DECODING", "METADATA", "RUN", "SETTINGS", "SWEEP_CELL", "Kind", "Rule"]


class Kind(Enum):
    """The kind of a setting's value; likely secrets are left out of every kind."""

    #: A word, a number, or a list of them; an address is cleaned, an absolute path shortened.
    PLAIN = auto()
    #: A number or boolean, possibly as a word; "auto" and the like; or a list of these.
    NUMBER = auto()
    #: A path, an address or a name on the hub.
    PLACE = auto()
    #: A fingerprint, a commit, a version: may look random.
    HASH = auto()
    #: Text that a model reads or writes, such as a stop sequence; not a path.
    TEXT = auto()
    #: A mapping from numbers or words to numbers.
    NUMBERS = auto()
    #: A mapping from package names to versions.
    VERSIONS = auto()


#: A kind, or for a mapping the rules by name, which in a list apply to each member. `None` as the
#: only name matches any name.
Rule: TypeAlias = "Kind | Mapping[str | None, Rule]"


def _named(kind: Kind, names: str) -> dict[str | None, Rule]:
    return dict.fromkeys(names.split(), kind)


#: Options of a chat template.
TEMPLATE: dict[str | None, Rule] = {
    **_named(
        Kind.PLAIN,
        """enable_thinking thinking thinking_budget reasoning_effort reasoning_budget
        preserve_thinking clear_thinking keep_past_thinking think thinking_mode effort verbosity
        add_generation_prompt continue_final_message date_string builtin_tools
        add_vision_id tools_in_user_message""",
    ),
}
#: Quantisation settings, also within `quantization_config`.
QUANTISATION: dict[str | None, Rule] = _named(
    Kind.PLAIN,
    """load_in_4bit load_in_8bit bnb_4bit_compute_dtype bnb_4bit_quant_type
    bnb_4bit_use_double_quant bnb_4bit_quant_storage llm_int8_threshold llm_int8_skip_modules
    llm_int8_has_fp16_weight llm_int8_enable_fp32_cpu_offload quant_method quant_type bits w_bit
    q_group_size group_size zero_point sym desc_act damp_percent version backend checkpoint_format
    weights activations activation_scheme ignored_layers modules_to_not_convert use_exllama
    exllama_config quantize_bias nbits axis dtype""",
)
#: Generation options, of lm-eval's backends, of servers, and of Inspect.
DECODING: dict[str | None, Rule] = {
    **_named(
        Kind.NUMBER,
        """temperature top_p top_k top_a min_p typical_p tfs epsilon_cutoff eta_cutoff do_sample
        repetition_penalty presence_penalty frequency_penalty length_penalty diversity_penalty
        penalty_alpha encoder_repetition_penalty no_repeat_ngram_size
        encoder_no_repeat_ngram_size dry_multiplier dry_base dry_allowed_length xtc_threshold
        xtc_probability mirostat mirostat_tau mirostat_eta dynatemp_range dynatemp_exponent
        smoothing_factor max_gen_toks max_new_tokens max_tokens max_completion_tokens
        max_output_tokens max_length max_tokens_to_sample max_output_len min_tokens
        min_new_tokens min_length n_predict seed n best_of num_beams num_beam_groups
        num_return_sequences num_choices use_beam_search cache_prompt renormalize_logits
        remove_invalid_values low_memory num_assistant_tokens prompt_lookup_num_tokens
        stop_token_ids eos_token_id pad_token_id bos_token_id decoder_start_token_id
        forced_bos_token_id forced_eos_token_id suppress_tokens begin_suppress_tokens
        skip_special_tokens spaces_between_special_tokens include_stop_str_in_output ignore_eos
        add_special_tokens detokenize truncate_prompt_tokens logprobs top_logprobs
        prompt_logprobs thinking_token_budget enable_thinking parallel_tool_calls
        max_tool_output echo stream batch_size max_retries timeout attempt_timeout
        max_connections adaptive_connections use_rejection_sampling top_h guidance_scale
        max_time token_healing dola_layers""",
    ),
    **_named(
        Kind.PLAIN,
        """early_stopping use_cache cache cache_implementation reasoning_effort reasoning_tokens
        reasoning_summary reasoning_history thinking_budget effort verbosity service_tier
        internal_tools dtype bad_words_ids force_words_ids forced_decoder_ids
        exponential_decay_length_penalty watermarking_config""",
    ),
    **_named(
        Kind.TEXT,
        """until stop stop_sequences stop_strings stop_seqs stop_words eos_string bad_words
        think_start_token think_end_token sequence_bias""",
    ),
    "logit_bias": Kind.NUMBERS,
    "chat_template_args": TEMPLATE,
    "chat_template_kwargs": TEMPLATE,
    "reasoning": _named(Kind.PLAIN, "effort max_tokens enabled exclude summary"),
    "thinking": _named(Kind.PLAIN, "type budget_tokens"),
    "response_format": _named(Kind.PLAIN, "type"),
}
DECODING["extra_body"] = dict(DECODING)
ROPE: dict[str | None, Rule] = _named(
    Kind.PLAIN,
    """type rope_type factor original_max_position_embeddings low_freq_factor high_freq_factor
    attention_factor beta_fast beta_slow short_factor long_factor rope_theta mscale
    mscale_all_dim""",
)
#: Fields of the model's config.json that servers allow to be overridden.
CONFIG: dict[str | None, Rule] = {
    **_named(
        Kind.NUMBER,
        """max_position_embeddings rope_theta sliding_window num_hidden_layers num_experts_per_tok
        hidden_size vocab_size tie_word_embeddings""",
    ),
    **_named(Kind.PLAIN, "architectures model_type torch_dtype dtype"),
    "rope_scaling": ROPE,
    "rope_parameters": ROPE,
    "quantization_config": QUANTISATION,
}
#: `--model_args` of lm-eval's models (`lm_eval/models`) and of the libraries they call.
ARGUMENTS: dict[str | None, Rule] = {
    **DECODING,
    **QUANTISATION,
    **_named(
        Kind.PLACE,
        """pretrained model model_id engine path steer_path load tokenizer tokenizer_path
        tokenizer_model peft delta lora_local_path lora subfolder gguf_file vocab_file merge_file
        base_url api_base azure_endpoint adapter speculative_model draft_model generation_config
        custom_chat_template chat_template""",
    ),
    **_named(Kind.HASH, "revision tokenizer_revision code_revision api_version"),
    **_named(
        Kind.NUMBER,
        """use_fast_tokenizer tokenized_requests trust_remote_code add_bos_token prefix_token_id
        custom_prefix_token_id enforce_eager batch_size max_batch_size micro_batch_size
        max_num_seqs max_num_batched_tokens max_model_len max_seq_len max_input_len
        context_length use_flash_attention_2
        seq_length n_ctx rope_theta enable_chunked_prefill chunked_prefill_size
        enable_prefix_caching num_nodes tensor_parallel_size tp_size tp_degree
        data_parallel_size dp_size pipeline_parallel_size tensor_model_parallel_size
        pipeline_model_parallel_size expert_model_parallel_size enable_expert_parallel
        low_cpu_mem_usage gpu_memory_utilization mem_fraction_static swap_space cpu_offload_gb
        disable_log_stats logits_cache max_lora_rank max_beam_width num_concurrent
        verify_certificate tokenizers_parallelism image_height image_width image_max_side
        image_token_id max_images max_pixels min_pixels max_audios interleave is_hf ckpt_step
        hidden_size num_layers num_attention_heads num_query_groups ffn_hidden_size
        use_dist_ckpt buckets write_out ignore_mismatched_sizes""",
    ),
    **_named(
        Kind.PLAIN,
        """backend api_type deployment_id tokenizer_backend tokenizer_mode tokenizer_type
        truncation truncation_side truncate dtype softmax_dtype mixed_precision_dtype
        torch_dtype precision kv_cache_dtype quantization autogptq gptqmodel gptq awq quantize
        attn_implementation attention_backend compile torch_compile device devices device_map
        parallelize tp_plan max_memory_per_gpu max_cpu_memory load_format
        distributed_executor_backend image_string convert_img_format execution_provider""",
    ),
    "quantization_config": QUANTISATION,
    "bnb_config": QUANTISATION,
    "rope_scaling": ROPE,
    **dict.fromkeys(("hf_overrides", "json_model_override_args"), CONFIG),
    "speculative_config": {
        **_named(Kind.PLACE, "model draft_model"),
        **_named(Kind.PLAIN, "method quantization"),
        **_named(
            Kind.NUMBER,
            """num_speculative_tokens draft_tensor_parallel_size prompt_lookup_max
            prompt_lookup_min max_model_len""",
        ),
    },
    "generate_params": DECODING,
    "override_generation_config": DECODING,
}
ARGUMENTS["model_kwargs"] = dict(ARGUMENTS)
#: `--metadata` of the tasks.
METADATA: dict[str | None, Rule] = {
    **_named(
        Kind.PLAIN,
        """levels problem_seed seed k way questions paraphrase scale exemplars allow_copies first
        split version name kind""",
    ),
    **_named(Kind.PLACE, "data_dir answers rollouts pretrained model tokenizer file"),
}
#: Origin of the questions (`source` of a document).
SOURCE: dict[str | None, Rule] = {
    **_named(
        Kind.PLAIN,
        """version seed split rows bytes kind format files decimals response gold named_by only
        levels config name""",
    ),
    **_named(Kind.PLACE, "set origin first path url"),
    **_named(Kind.HASH, "revision sha256 rows_sha256 expected"),
    "columns": _named(Kind.PLAIN, "confidence correct item"),
}
SOURCE["parts"] = dict(SOURCE)
TASK: dict[str | None, Rule] = {
    **_named(Kind.PLAIN, "version num_fewshot way samples"),
    **_named(Kind.HASH, "task_hash weights prompt_version parser_version"),
    "generation": DECODING,
    "effective_generation": DECODING,
    "source": SOURCE,
    "wording": _named(Kind.PLAIN, "paraphrase scale"),
    "thinking": {"asked": Kind.PLAIN, "end_token": Kind.TEXT, "seen": Kind.PLAIN},
    "exemplars": _named(Kind.PLAIN, "set confidences"),
    "confidence": _named(Kind.PLAIN, "of per"),
    "reading": {
        **_named(Kind.TEXT, "answer_labels confidence_labels answer_keys confidence_keys options"),
        **_named(Kind.NUMBER, "scale"),
        **_named(Kind.PLAIN, "unclear_scale"),
    },
}
#: The provenance of a run.
RUN: dict[str | None, Rule] = {
    "model": Kind.PLACE,
    "model_args": ARGUMENTS,
    "gen_kwargs": DECODING,
    **_named(
        Kind.PLAIN,
        """evaluator backend batch_size dtype parameters fewshot_as_multiturn date seconds""",
    ),
    "limit": Kind.NUMBER,
    "use_cache": Kind.PLACE,
    **_named(
        Kind.HASH,
        """revision chat_template_sha system_instruction_sha lm_eval_version transformers_version
        torch_version python_version""",
    ),
    "seeds": _named(Kind.PLAIN, "random_seed numpy_seed torch_seed fewshot_seed"),
    "packages": Kind.VERSIONS,
    "tasks": {None: TASK},
}
#: Settings of a training run that are paths; all others are numbers and words of its schema.
SETTINGS: dict[str | None, Rule] = _named(Kind.PLACE, "model train_file")
#: The evaluation of a sweep's cell.
SWEEP_CELL: dict[str | None, Rule] = {
    **_named(
        Kind.PLAIN,
        """tasks backend batch_size limit num_fewshot apply_chat_template success_questions
        expectation""",
    ),
    "model_args": ARGUMENTS,
    "gen_kwargs": DECODING,
    "metadata": METADATA,
}
